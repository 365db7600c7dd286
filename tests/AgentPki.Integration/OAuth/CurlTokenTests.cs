using System.Text.Json;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.OAuth;

/// <summary>docs/oauth.md's command lines, by curl against the real process.</summary>
public sealed class CurlTokenTests(SharedAppliance shared) : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task Token_ByTheCertificate_IsActive_UntilTheCertificateIsRevoked()
    {
        var appliance = await shared.GetAsync();
        var (agent, service) = (await EnrolledAgent.CreateAsync(appliance), await EnrolledAgent.CreateAsync(appliance, "service"));
        var given = await PostAsync(appliance, agent, "token", "grant_type=client_credentials");
        var token = given.GetProperty("access_token").GetString() ?? "";
        Assert.Equal(3, token.Split('.').Length);
        var said = await PostAsync(appliance, service, "introspect", $"token={token}");
        Assert.True(said.GetProperty("active").GetBoolean(), said.ToString());
        Assert.Equal(OAuthAppliance.IdOf(agent), said.GetProperty("sub").GetString());
        await appliance.Cli.RevokeAsync(agent.Serial);
        Assert.Equal("""{"active":false}""", JsonSerializer.Serialize(await PostAsync(appliance, service, "introspect", $"token={token}")));
        Assert.Equal("invalid_client", (await PostAsync(appliance, agent, "token", "grant_type=client_credentials")).GetProperty("error").GetString());
    }

    public void Dispose() => _folder.Dispose();

    private Task<JsonElement> PostAsync(Appliance appliance, EnrolledAgent agent, string endpoint, params string[] parameters) => CurlTokens.PostAsync(appliance, _folder, agent, endpoint, parameters);
}
