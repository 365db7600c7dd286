using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Client.Est;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Up;

/// <summary>The enrolment credential of a development home, good any number of times: <c>dev/enroll-token</c>, one line <c>name:secret</c>.</summary>
public static class DevelopmentCredential
{
    private const string Owner = "development";
    private const string Correlation = "up";
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>The credential of the file while it is good; else a new one, the old ones revoked.</summary>
    /// <exception cref="CommandException">None could be made.</exception>
    public static async Task<EstCredential> EnsureAsync(ApplianceHome home, AuthorityServices authority, TimeProvider clock, CancellationToken cancellationToken)
    {
        var known = await authority.Credentials.ListAsync(cancellationToken);
        if (Read(home) is { } kept && known.FirstOrDefault(c => c.Name == kept.Name) is { Revoked: null } record && record.NotAfter > clock.GetUtcNow() &&
            CryptographicOperations.FixedTimeEquals(record.SecretHash, CredentialService.HashSecret(kept.Secret)))
        {
            return kept;
        }

        // One whose secret was never written down (a start cut short) must not stay good.
        foreach (var stale in known.Where(c => c is { Owner: Owner, MaxUses: null, Revoked: null }))
        {
            await authority.Credentials.RevokeAsync(stale.Name, AuditTrail.Appliance, Correlation, cancellationToken);
        }

        var wanted = new NewCredential($"dev-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", Owner, [], null, null, Lifetime);
        var made = await authority.Credentials.CreateAsync(wanted, AuditTrail.Appliance, Correlation, cancellationToken) switch
        {
            Outcome<CreatedCredential>.Done(var created) => new EstCredential(created.Credential.Name, created.Secret),
            Outcome<CreatedCredential>.Refused(var problem) => throw new CommandException(ExitCodes.Refused, $"The development credential was not made: {problem.Detail}.", "Type 'agentpki doctor'."),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        PrivateFile.Write(home.DevelopmentToken, $"{made.Name}:{made.Secret}\n");
        return made;
    }

    private static EstCredential? Read(ApplianceHome home)
    {
        if (!File.Exists(home.DevelopmentToken))
        {
            return null;
        }

        var line = File.ReadAllText(home.DevelopmentToken, Encoding.ASCII).Trim();
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? new EstCredential(line[..colon], line[(colon + 1)..]) : null;
    }
}
