using System.Security.Cryptography;
using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Locks;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Doctor;

/// <summary>
/// Each key of each CA, alternative keys and the halves of composites too: of which kind, where it lives, how it is kept, and whether it signs so that its certificate verifies it.
/// </summary>
internal static class AuthorityKeyChecks
{
    private const string Needed = "Mend what it names: without this key the CA issues nothing, and its CRL ends.";

    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, IReadOnlyList<ExaminedAuthority> authorities, CancellationToken cancellationToken)
    {
        if (authorities.Count == 0)
        {
            return []; // said by another check
        }

        if (context.Options.Tokens.Any(t => PinLocks.OriginOf(context.Home, context.Options, t, context.Variable) == PinOrigin.Quorum))
        {
            return [Finding.Ok("ca keys", "not tried here: officers open the token; the running appliance's readiness tells whether they sign ('agentpki status')")];
        }

        try
        {
            await using var tokens = await OpenTokens.OpenAsync(
                TokenAccess.OptionsOf(context.Home, context.Options, context.Variable), context.Clock, NullLoggerFactory.Instance, cancellationToken);
            var (wrapped, wrapping) = await tokens.FindWrapperAsync(context.Options.KeyPrefix, cancellationToken) is var (token, wrapper)
                ? (ProviderList.Wrapped(context.Home, token, wrapper, context.Clock), token.Name)
                : (null, null);
            var providers = ProviderList.Of(tokens, wrapped);
            var findings = new List<Finding>();
            string PlaceOf(string provider) => provider == wrapped?.Name && wrapping is not null ? $"wrapped under a key of {TokenOf(wrapping, context)}" : $"in {TokenOf(provider, context)}";
            foreach (var (authority, certificate) in authorities)
            {
                if (authority.Key.IsElsewhere)
                {
                    findings.Add(Finding.Ok($"ca key {authority.Name}", "not in this appliance: what it signs is installed"));
                    continue;
                }

                findings.Add(await ExamineAsync($"ca key {authority.Name}", authority.Key, authority.Signature, certificate.PublicKey, providers, PlaceOf, cancellationToken));
                if (authority.Alternative is { } second && certificate.AlternativePublicKey is { } key)
                {
                    findings.Add(await ExamineAsync($"ca key {authority.Name}, alternative", second.Key, second.Signature, key, providers, PlaceOf, cancellationToken));
                }
            }

            return findings;
        }
        catch (CommandException error)
        {
            return [Finding.Fail("ca keys", $"not examined: {error.Message}", error.Remedy)];
        }
        catch (KeyUnavailableException error)
        {
            return [Finding.Fail("ca keys", $"not examined: {error.Message}", Needed)];
        }
    }

    internal static async Task<Finding> ExamineAsync(
        string check, KeyReference reference, SignatureAlgorithm signature, PublicKey expected, CryptoProviders providers, Func<string, string> placeOf, CancellationToken cancellationToken)
    {
        await using var key = GuardedKey.Find(providers, reference, expected);
        try
        {
            return Judge(check, expected.Algorithm, await key.ProbeAsync(signature, cancellationToken), placeOf);
        }
        catch (Exception error) when (error is KeyUnavailableException or CryptographicException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            return Finding.Fail(check, $"{expected.Algorithm}: {error.Message}", Needed);
        }
    }

    private static Finding Judge(string check, KeyAlgorithm algorithm, IReadOnlyList<ProbedKey> parts, Func<string, string> placeOf)
    {
        var wrong = parts.Where(p => !p.Verifies).Select(p => p.Algorithm.Name).ToList();
        var places = string.Join("; ", parts.Select(p => $"{p.Algorithm} {placeOf(p.Reference.Provider)}, level {p.Protection.ToText()}"));
        var where = parts.Count == 1 ? places : $"{algorithm} in two halves: {places}";
        return wrong.Count == 0
            ? Finding.Ok(check, $"{where}; {(parts.Count == 1 ? "signs, and the signature verifies" : "they sign as one, and each half verifies")}")
            : Finding.Fail(
                check,
                $"{where}; what {string.Join(" and ", wrong)} signed does not verify",
                "Take what keeps it out of service until its maker has explained why; what this CA signed lately is to be verified again.");
    }

    private static string TokenOf(string provider, DoctorContext context) =>
        context.Options.Tokens.FirstOrDefault(t => provider == $"pkcs11:{t.Name}") is { } token ? $"token {token.Name} '{token.Label}'" : $"provider {provider}";
}
