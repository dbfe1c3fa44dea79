// Tests against the emulator with .NET alone: dotnet run -- http://127.0.0.1:8080
using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Tasks;

static class Customers
{
    static readonly HttpClient Client = new HttpClient();

    static async Task<HttpStatusCode> Send(HttpMethod method, string path, string body = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (body != null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using (var response = await Client.SendAsync(request)) return response.StatusCode;
    }

    static void Expect(HttpStatusCode expected, HttpStatusCode actual)
    {
        if (expected != actual) throw new Exception($"expected {expected}, got {actual}");
    }

    // Mono's compiler knows no asynchronous entry point.
    static void Main(string[] arguments) => Run(new Uri(arguments[0])).GetAwaiter().GetResult();

    static async Task Run(Uri address)
    {
        Client.BaseAddress = address;

        // Each test begins with the same customers.
        Expect(HttpStatusCode.OK, await Send(HttpMethod.Post, "/_emulator/reset", "{\"customers\": 30}"));

        // The next request fails as the service does when it is busy.
        Expect(HttpStatusCode.Created, await Send(HttpMethod.Post, "/_emulator/faults", "{\"fault\": \"503@1\"}"));

        // Ten days later.
        Expect(HttpStatusCode.OK, await Send(HttpMethod.Post, "/_emulator/clock", "{\"advanceSeconds\": 864000}"));

        // A steering request takes no token, and all others do.
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "emulator-token");
        Expect(HttpStatusCode.ServiceUnavailable, await Send(HttpMethod.Get, "/v1/customers"));
        Expect(HttpStatusCode.OK, await Send(HttpMethod.Get, "/v1/customers"));
        Console.WriteLine(".NET: ok");
    }
}
