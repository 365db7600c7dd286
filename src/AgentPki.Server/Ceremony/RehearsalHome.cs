using System.Security.Cryptography;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Store;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Ceremony;

/// <summary>Fills a throwaway home with stand-ins of what the real one has: officers, tokens whose PINs they share as they share the real ones, CAs.</summary>
internal static class RehearsalHome
{
    private const int PinDigits = 24;

    /// <returns>The CAs that stand-ins were made of; none where the real home has none yet.</returns>
    public static async Task<IReadOnlyList<string>> FillAsync(ApplianceHome real, ApplianceOptions options, CeremonyHome there, CeremonyHome rehearsal, CancellationToken cancellationToken)
    {
        if (there.FindRoster() is not { } roster || await AuthoritiesAsync(real, options, cancellationToken) is not { Count: > 0 } authorities)
        {
            return [];
        }

        rehearsal.KeepRoster(roster);
        var pins = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var token in rehearsal.Tokens)
        {
            await InitialiseAsync(there, rehearsal, token, roster, pins, cancellationToken);
        }

        await using var open = await rehearsal.OpenAsync(pins, cancellationToken);
        return await StandIns.MakeAsync(open.Environment, rehearsal.KeyPrefix, authorities, cancellationToken);
    }

    private static async Task InitialiseAsync(CeremonyHome there, CeremonyHome rehearsal, string token, OfficerRoster roster, Dictionary<string, byte[]> pins, CancellationToken cancellationToken)
    {
        using var officer = Pin();
        using var user = Pin();
        rehearsal.KeepSealedPin(token, true, await SealedSecret.SealAsync(officer.Memory, $"security officer's PIN of token {token} of a rehearsal", roster, ProviderList.SoftwareOnly, cancellationToken));
        if (there.FindSealedPin(token, securityOfficer: false) is not null)
        {
            rehearsal.KeepSealedPin(token, false, await SealedSecret.SealAsync(user.Memory, $"user PIN of token {token} of a rehearsal", roster, ProviderList.SoftwareOnly, cancellationToken));
            pins[token] = user.GetSpan().ToArray();
        }
        else
        {
            rehearsal.KeepServicePin(token, user.Memory);
        }

        rehearsal.InitialiseToken(token, officer.Memory, user.Memory);
    }

    private static PinnedMemory Pin()
    {
        var pin = new PinnedMemory(PinDigits);
        RandomNumberGenerator.GetItems("0123456789"u8, pin.GetSpan());
        return pin;
    }

    private static async Task<IReadOnlyList<AuthorityRecord>> AuthoritiesAsync(ApplianceHome home, ApplianceOptions options, CancellationToken cancellationToken)
    {
        var where = ApplianceParts.StoreOptionsOf(home, options);
        if (!File.Exists(where.DatabasePath))
        {
            return [];
        }

        await using var store = await SqliteStore.OpenReadOnlyAsync(where, NullLogger<SqliteStore>.Instance, cancellationToken);
        return await ((IAuthorityStore)store).ListAsync(cancellationToken);
    }
}
