using AgentPki.Pkcs11;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Locks;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Doctor;

/// <summary>Each second token (<c>mirrorOf</c>): which of the CAs' keys it has, and whether it signs with them as the certificates want it.</summary>
internal static class MirrorChecks
{
    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, IReadOnlyList<ExaminedAuthority> authorities, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var token in context.Options.Tokens.Where(t => t.MirrorOf.Length > 0))
        {
            var check = $"token {token.Name} as second of {token.MirrorOf}";
            if (PinLocks.OriginOf(context.Home, context.Options, token, context.Variable) == PinOrigin.Quorum)
            {
                findings.Add(Finding.Ok(check, "not tried here: officers open it"));
                continue;
            }

            try
            {
                var access = TokenAccess.OptionsOf(context.Home, context.Options, context.Variable).First(o => o.Name == token.Name);
                await using var provider = await TokenAccess.OpenAsync(access, context.Clock, NullLoggerFactory.Instance, cancellationToken);
                findings.Add(await ExamineAsync(check, provider, [.. authorities.Where(a => a.Record.Key.Provider == $"pkcs11:{token.MirrorOf}")], cancellationToken));
            }
            catch (CommandException error)
            {
                findings.Add(Finding.Warn(check, $"not there: {error.Message}", "Bring it back: until then nothing signs when the first token is away."));
            }
        }

        return findings;
    }

    internal static async Task<Finding> ExamineAsync(string check, Pkcs11Provider token, IReadOnlyList<ExaminedAuthority> authorities, CancellationToken cancellationToken)
    {
        var (signs, lacks) = (new List<string>(), new List<string>());
        foreach (var (authority, certificate) in authorities)
        {
            await using var key = await token.OpenAsync(authority.Key.Label, cancellationToken);
            if (key is null)
            {
                lacks.Add(authority.Name);
                continue;
            }

            var message = System.Security.Cryptography.RandomNumberGenerator.GetBytes(32);
            if (!key.PublicKey.Equals(certificate.PublicKey) || !token.Verify(certificate.PublicKey, authority.Signature, message, await key.SignAsync(authority.Signature, message, cancellationToken)))
            {
                return Finding.Fail(check, $"the key '{authority.Key.Label}' is not that of CA '{authority.Name}'", "It is no copy: remove it in a ceremony, and copy the right one.");
            }

            signs.Add(authority.Name);
        }

        var has = signs.Count == 0 ? "has no CA's key" : $"signs as {string.Join(", ", signs)}, and the signatures verify";
        return lacks.Count == 0 && signs.Count > 0
            ? Finding.Ok(check, has)
            : Finding.Warn(check, $"{has}{(lacks.Count == 0 ? "" : $"; lacks the keys of {string.Join(", ", lacks)}")}", "Those stop when the first token is away. A ceremony copies a key that was made with the backup method 'wrapped'.");
    }
}
