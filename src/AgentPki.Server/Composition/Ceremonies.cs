using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Composition;

/// <summary>Runs the development ceremony on a home, as <c>up</c> and <c>ceremony --development</c> do.</summary>
public static class Ceremonies
{
    /// <summary>What a person wants, but for CAs that the home has already: these keep the keys they were made with.</summary>
    internal static async Task<Func<CeremonyOptions, CeremonyOptions>> KeepExistingAsync(ApplianceHome home, ApplianceOptions options, Func<CeremonyOptions, CeremonyOptions> change, CancellationToken cancellationToken)
    {
        var existing = (await ExistingAsync(home, options, cancellationToken)).ToDictionary(a => a.Name, a => KeyKind.Of(Certificate.Parse(a.Der)));
        CeremonyAuthority Keep(CeremonyAuthority wanted) => existing.TryGetValue(wanted.Name, out var keys) ? wanted.With(keys) : wanted;
        return usual =>
        {
            var wanted = change(usual);
            return wanted with { Root = Keep(wanted.Root), Issuing = Keep(wanted.Issuing) };
        };
    }

    /// <summary>Makes what is missing of root, issuing CA and checkpoint key, and writes the anchors.</summary>
    /// <param name="change">What the person wants otherwise than usual.</param>
    /// <exception cref="CommandException">It cannot go on; run again, it continues.</exception>
    public static async Task<CeremonyResult> RunDevelopmentAsync(ApplianceParts parts, Func<CeremonyOptions, CeremonyOptions> change, CancellationToken cancellationToken)
    {
        try
        {
            var wanted = change(CeremonyOptions.Development(parts.Options.KeyPrefix, parts.Options.Name));
            wanted = wanted with { Tls = parts.Environment.Profiles.Require(ProfileUse.TlsServer).Issuer == CeremonyOptions.TlsName ? CeremonyOptions.TlsAuthority(parts.Options.Name) : null };
            var result = await new DevelopmentCeremony(parts.Environment, null).RunAsync(wanted, cancellationToken);
            Anchors.Write(parts.Home, result.Root, result.Issuing, new[] { result.Tls }.OfType<Certificate>());
            Anchors.WriteLedgerKey(parts.Home, result.CheckpointKey);
            Anchors.WriteSecondLedgerKey(parts.Home, result.SecondCheckpointKey);
            return result;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or NotSupportedException or KeyUnavailableException or StoreUnavailableException)
        {
            throw new CommandException(ExitCodes.Environment, $"The ceremony stopped: {error.Message}", "Mend that and run the command again: it continues where it stopped.", error);
        }
    }

    private static async Task<IReadOnlyList<AuthorityRecord>> ExistingAsync(ApplianceHome home, ApplianceOptions options, CancellationToken cancellationToken)
    {
        var where = ApplianceParts.StoreOptionsOf(home, options);
        if (!File.Exists(where.DatabasePath))
        {
            return [];
        }

        try
        {
            await using var store = await SqliteStore.OpenReadOnlyAsync(where, NullLogger<SqliteStore>.Instance, cancellationToken);
            return await ((IAuthorityStore)store).ListAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return []; // of an earlier build, or damaged: opening it for the service comes next, and migrates it or says so
        }
    }
}
