# Tests against the emulator with PowerShell 7 alone: pwsh customers.ps1 http://127.0.0.1:8080
param([Parameter(Mandatory)] [string] $Base)
$ErrorActionPreference = 'Stop'

function Assert($Condition, $Message) { if (-not $Condition) { throw $Message } }

function Invoke-Emulator($Method, $Path, $Body, $Headers = @{}) {
    $arguments = @{ Method = $Method; Uri = "$Base$Path"; Headers = $Headers; SkipHttpErrorCheck = $true; StatusCodeVariable = 'status' }
    if ($null -ne $Body) {
        $arguments.Body = ConvertTo-Json $Body -Depth 10
        $arguments.ContentType = 'application/json'
    }
    $content = Invoke-RestMethod @arguments
    [pscustomobject] @{ Status = $status; Content = $content }
}

# Each test begins with the same customers.
Assert ((Invoke-Emulator POST '/_emulator/reset' @{ customers = 30 }).Status -eq 200) 'reset'

$form = @{
    grant_type = 'client_credentials'
    client_id = '11111111-2222-3333-4444-555555555555'
    client_secret = 'emulator-secret'
    scope = 'https://api.partnercenter.microsoft.com/.default'
}
$token = (Invoke-RestMethod -Method POST -Uri "$Base/contoso.onmicrosoft.com/oauth2/v2.0/token" -Body $form).access_token
$authorization = @{ Authorization = "Bearer $token" }
Assert ((Invoke-Emulator GET '/v1/customers' $null $authorization).Content.items.Count -eq 30) 'customers'

# The next request fails as the service does when it is busy.
Assert ((Invoke-Emulator POST '/_emulator/faults' @{ fault = '503@1' }).Status -eq 201) 'fault'
Assert ((Invoke-Emulator GET '/v1/customers' $null $authorization).Status -eq 503) 'busy'
Assert ((Invoke-Emulator GET '/v1/customers' $null $authorization).Status -eq 200) 'no longer busy'

# Ten days later.
$before = (Invoke-Emulator GET '/_emulator/clock').Content.time
$after = (Invoke-Emulator POST '/_emulator/clock' @{ advanceSeconds = 864000 }).Content.time
Assert ($before -lt $after) 'clock'
'PowerShell: ok'
