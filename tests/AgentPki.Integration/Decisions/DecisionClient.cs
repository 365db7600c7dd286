using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Decisions;

/// <summary>A service that asks the appliance whether agents may.</summary>
internal sealed class DecisionClient(Appliance appliance, X509Certificate2 identity)
{
    public X509Certificate2 Identity { get; } = identity;

    /// <summary>Enrols one under <c>/guard/</c>, with a credential that an operator made for that.</summary>
    public static async Task<DecisionClient> EnrollAsync(Appliance appliance)
    {
        var credential = await appliance.Cli.NewCredentialAsync("--subject", "/guard/*");
        return new DecisionClient(appliance, await EnrollAsync(appliance, "/guard/gate", credential));
    }

    public static async Task<X509Certificate2> EnrollAsync(Appliance appliance, string path, string credential)
    {
        using var key = Csr.NewP256();
        var request = Csr.Create(key, "CN=gate", names => names.AddUri(new Uri($"spiffe://{Csr.TrustDomain}{path}")));
        return EnrolledAgent.Issued(await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", request, Requests.Basic(credential)))).CopyWithPrivateKey(key);
    }

    /// <summary>One question; null: no answer came.</summary>
    public async Task<JsonElement?> AskAsync(X509Certificate2 agent, string action, string resource)
    {
        var answer = await appliance.Https().ExchangeAsync(Requests.Post("/access/v1/evaluation", "application/json", Encoding.UTF8.GetBytes(Question(agent, action, resource))), Identity);
        if (answer is null)
        {
            return null;
        }

        Assert.True(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        return JsonDocument.Parse(answer.Text).RootElement;
    }

    public static string Question(X509Certificate2 agent, string action, string resource)
    {
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        return $$$$"""
            {"subject":{"type":"agent","id":"{{{{SpiffeOf(agent)}}}}","properties":{"x5t#S256":"{{{{System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(agent.RawData))}}}}"}},
             "action":{"name":"{{{{action}}}}"},"resource":{"type":"{{{{resource[..slash]}}}}","id":"{{{{resource[(slash + 1)..]}}}}"} }
            """;
    }

    private static string SpiffeOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.Single(e => e.Oid?.Value == "2.5.29.17").Format(false);
        var start = names.IndexOf("spiffe://", StringComparison.Ordinal);
        var end = names.IndexOf(',', start);
        return end < 0 ? names[start..].Trim() : names[start..end].Trim();
    }
}
