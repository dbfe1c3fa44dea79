//! The text of `partner-center help automation`.

pub(super) const AUTOMATION_ABOUT: &str = "\
Commands that run by themselves, such as every night

Credentials:
  Without a person, an application has a certificate (PARTNER_CENTER_CLIENT_CERTIFICATE_FILE), a workload identity \
(PARTNER_CENTER_FEDERATED_TOKEN_FILE) or a secret in a file (PARTNER_CENTER_CLIENT_SECRET_FILE). What needs a user (App+User) \
runs with the sign-in of `partner-center auth login`, as the same user of this machine, with the same home folder: each run \
renews it, and without a run it ends after 90 days. `partner-center auth status` shows in a task what the task has.

Output:
  --output csv or jsonl        for other programs; names and order of columns do not change
  --output-file FILE           replaces FILE when all is complete; after an error, FILE is that of
                               the last run, or says what was changed until then
  --quiet                      only errors go to standard error, so that cron sends no mail about anything else
  --error-format json          an error is one line of JSON, with its code and the IDs for support

Time:
  --deadline 3600              ends a command that takes longer, in seconds
  --max-retry-after 300        waits so long if the service is throttled; the exit status is else 5

Changes and long runs:
  --yes                        confirms changes, as there is nobody to ask
  --journal FILE               with --all-customers or --customers: a run that was stopped goes on with the same command, and what \
is done is not done again. The journal of a change stays: name another file for the next change, such as one with the date. Only \
one command at a time uses a journal; a second one ends with the exit status 5.

Exit status:
  0  everything is complete
  1  it failed, or it did for some: standard error says for which
  2  the command line or a setting is invalid; the same command fails again
  3  there is no such thing
  4  the credential or a permission is missing: somebody has to act
  5  throttled, in conflict with another change, or a file is in use by another command: run it again later
  130  interrupted";

pub(super) const AUTOMATION_AFTER_HELP: &str = "\
Examples:
  crontab, at three each night; cron has a short PATH:
    PATH=/usr/local/bin:/usr/bin:/bin
    0 3 * * *  partner-center customers list --full --quiet -o csv --output-file ~/customers.csv

  systemd, with a timer:
    WorkingDirectory=/var/lib/partner-center
    ExecStart=/usr/local/bin/partner-center customers list --full -o csv --output-file all.csv
    RestartForceExitStatus=5
    RestartSec=15min

  Windows, in PowerShell:
    $arguments = 'customers list --full --quiet -o csv --output-file C:\\Reports\\customers.csv'
    $action = New-ScheduledTaskAction -Execute partner-center.exe -Argument $arguments
    $trigger = New-ScheduledTaskTrigger -Daily -At 03:00
    Register-ScheduledTask -TaskName Customers -Action $action -Trigger $trigger

  All subscriptions, in a run that may be stopped:
    partner-center subscriptions list --all-customers --journal all.log -o csv --output-file all.csv";
