using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Tls;

namespace AgentPki.Server.Doctor;

/// <summary>Which CA issues the HTTPS certificate: the last of its line that this machine's TLS accepts, and whether that is the last of all.</summary>
internal static class TlsIssuerCheck
{
    private const string Check = "tls issuer";

    internal static IEnumerable<Finding> Run(DoctorContext context, IReadOnlyList<ExaminedAuthority> authorities, IReadOnlyList<SuccessionRecord> successions)
    {
        if (authorities.Count == 0 || LineIn(context) is not { } first)
        {
            return []; // said by other checks
        }

        var (byName, successionOf) = (authorities.ToDictionary(a => a.Record.Name), successions.ToDictionary(s => s.Predecessor));
        var line = SuccessionRecord.LineOf(first, successionOf.GetValueOrDefault, SuccessionState.Finished).Where(byName.ContainsKey).Select(name => byName[name]).ToList();
        if (line.Count == 0)
        {
            return [Finding.Fail(Check, $"profile 'tls-server' names CA '{first}', which is not there, or cannot be read", "Correct the profile; 'agentpki status' lists the CAs.")];
        }

        var last = line[^1];
        var why = WhyNot(last, byName);
        return (why, line.LastOrDefault(a => WhyNot(a, byName) is null)) switch
        {
            (null, _) => [Finding.Ok(Check, Describe(last))],
            (_, { } older) =>
            [
                Finding.Warn(
                    Check,
                    $"{why}: HTTPS stays with {Describe(older)}, and clients go on to be given its root",
                    "Keep that CA and its key. From OpenSSL 3.5 on ML-DSA and SLH-DSA are known, and HTTPS follows at the next start; composites are known to none yet."),
            ],
            _ => [Finding.Fail(Check, $"{why}, so {Describe(last)} cannot issue the HTTPS certificate here", "Use a machine with OpenSSL 3.5 or later; a development home gets a classical CA for TLS by 'agentpki up'.")],
        };
    }

    private static string? LineIn(DoctorContext context)
    {
        try
        {
            return ProfileFiles.Load(context.Home).All.FirstOrDefault(p => p.Use == ProfileUse.TlsServer)?.Issuer;
        }
        catch (CommandException)
        {
            return null;
        }
    }

    private static string Describe(ExaminedAuthority authority) => $"CA '{authority.Record.Name}' ({authority.Certificate.PublicKey.Algorithm})";

    // Its own signature and those above it.
    private static string? WhyNot(ExaminedAuthority authority, Dictionary<string, ExaminedAuthority> byName)
    {
        var why = TlsPlatform.WhyNotChainTo(authority.Certificate.PublicKey.Algorithm);
        return why is null && authority.Record.Issuer != authority.Record.Name && byName.TryGetValue(authority.Record.Issuer, out var parent) ? WhyNot(parent, byName) : why;
    }
}
