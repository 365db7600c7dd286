using System.Text.Json;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.OAuth;

/// <summary>curl as an OAuth client.</summary>
internal static class CurlTokens
{
    /// <summary>What an endpoint answers an agent that comes with its certificate.</summary>
    public static async Task<JsonElement> PostAsync(Appliance appliance, TempFolder folder, EnrolledAgent agent, string endpoint, params string[] parameters)
    {
        var (certificate, key) = agent.Write(folder);
        return JsonElement.Parse((await Tool.RunAsync(
            "curl",
            [
                "-sS", "--noproxy", "*", "--cacert", appliance.AnchorsFile, "--cert", certificate, "--key", key, "--data-urlencode", $"client_id={OAuthAppliance.IdOf(agent)}",
                .. parameters.SelectMany(p => new[] { "--data-urlencode", p }), $"https://localhost:{appliance.HttpsPort}/oauth/{endpoint}",
            ],
            folder: folder.Path)).MustSucceed().Text);
    }

    public static async Task<string> TokenAsync(Appliance appliance, TempFolder folder, EnrolledAgent agent, params string[] parameters)
    {
        var answer = await PostAsync(appliance, folder, agent, "token", parameters);
        return answer.TryGetProperty("access_token", out var token) ? token.GetString() ?? "" : throw new InvalidOperationException($"No token: {answer}");
    }
}
