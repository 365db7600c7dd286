using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Ceremony;

/// <summary>
/// A throwaway home for rehearsals: the real one's configuration, but tokens of software. Tokens that live in files (SoftHSM, NSS) are of their own kind in it;
/// a hardware token is played by SoftHSM.
/// </summary>
internal static class Rehearsal
{
    /// <summary>Makes one; an earlier rehearsal's goes.</summary>
    public static ApplianceHome Prepare(ApplianceHome real, Func<string, string?> variable)
    {
        var options = ConfigurationReader.Load(real, variable);
        var home = HomeOf(real);
        if (Directory.Exists(home.Root))
        {
            using (HomeLock.Take(home))
            {
                // Nobody is in it.
            }

            Directory.Delete(home.Root, recursive: true);
        }

        HomeFolder.Prepare(home);
        PrivateFile.Write(home.ConfigurationFile, ConfigurationOf(options));
        return home;
    }

    /// <summary>The rehearsal's home, if that ceremony is one of it.</summary>
    public static ApplianceHome? Find(ApplianceHome real, string id) => HomeOf(real) is var home && Directory.Exists(Path.Combine(home.Ceremonies, id)) ? home : null;

    private static ApplianceHome HomeOf(ApplianceHome real) => new(Path.Combine(real.Root, "rehearsal"));

    private static string ConfigurationOf(ApplianceOptions options) => $"""
        # A rehearsal's. Made anew each time.
        name: {options.Name}
        trustDomain: {options.TrustDomain}
        publicUrl: {options.PublicUrl}
        keyPrefix: "{options.KeyPrefix}"
        tokens:
        {string.Join('\n', options.Tokens.Select(TokenOf))}
        """;

    private static string TokenOf(TokenOptions token)
    {
        var isFiles = TokenAccess.LivesInFiles(token);
        return $"""
              - name: {token.Name}
                kind: {(isFiles ? token.Kind : "softhsm")}
                module: "{(isFiles ? token.Module : "")}"
                label: "{token.Label}"
                pinFile: secrets/pin-{token.Name}
            """;
    }
}
