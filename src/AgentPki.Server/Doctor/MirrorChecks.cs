using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Locks;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Doctor;

/// <summary>Each token and its second (<c>mirrorOf</c>): which of the two is there, whether each of the CAs' keys is in both and signs there, and which one signs now.</summary>
internal static class MirrorChecks
{
    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, IReadOnlyList<ExaminedAuthority> authorities, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var second in context.Options.Tokens.Where(t => t.MirrorOf.Length > 0))
        {
            var first = context.Options.Tokens.First(t => t.Name == second.MirrorOf);
            var check = $"tokens {first.Name} and {second.Name}";
            if (new[] { first, second }.Any(t => PinLocks.OriginOf(context.Home, context.Options, t, context.Variable) == PinOrigin.Quorum))
            {
                findings.Add(Finding.Ok(check, "not tried here: officers open them"));
                continue;
            }

            var wanted = authorities.SelectMany(KeysOf).Where(k => k.Reference.Provider == $"pkcs11:{first.Name}").ToList();
            findings.AddRange(Judge(check, await ExamineAsync(context, first, wanted, cancellationToken), await ExamineAsync(context, second, wanted, cancellationToken)));
        }

        return findings;
    }

    internal static IReadOnlyList<Finding> Judge(string check, Half first, Half second)
    {
        if (new[] { first, second }.FirstOrDefault(h => h.Wrong.Count > 0) is { } wrong)
        {
            return [Finding.Fail(check, $"{wrong.Token} has {Names("another key", "other keys", wrong.Wrong)} than the certificate", "It is no copy: remove it in a ceremony (key-destroy), and copy the right one (docs/runbooks).")];
        }

        if (first.Away is not null && second.Away is not null)
        {
            return [Finding.Fail(check, $"neither is there: {first.Away} {second.Away}", "One of the two is enough: bring one back.")];
        }

        if (first.Away is { } firstIsAway)
        {
            return [Finding.Warn(check, $"{second.Token} signs now, for {first.Token} is away: {firstIsAway} {Signs(second)}", $"Bring {first.Token} back; it signs again by itself. {Stopped(second)}".TrimEnd())];
        }

        if (second.Away is { } secondIsAway)
        {
            return [Finding.Warn(check, $"{first.Token} signs now, alone: {second.Token} is away: {secondIsAway} {Signs(first)}", $"Bring {second.Token} back: until then nothing signs when {first.Token} fails.")];
        }

        return second.Lacks.Count > 0
            ? [Finding.Warn(check, $"{first.Token} signs now; {Signs(second)}", $"{Stopped(second)} A ceremony copies a key that was made with 'backup: wrapped' (docs/runbooks).")]
            : [Finding.Ok(check, $"{first.Token} signs now; both have {Names("the key", "the keys", second.Signs)}, and what each signs verifies")];
    }

    private static string Signs(Half half) =>
        $"{half.Token} signs as {(half.Signs.Count == 0 ? "no CA" : string.Join(", ", half.Signs))}, and it verifies{(half.Lacks.Count == 0 ? "" : $"; it lacks the key of {string.Join(", ", half.Lacks)}")}";

    private static string Stopped(Half second) => second.Lacks.Count == 0 ? "" : $"What {string.Join(", ", second.Lacks)} signs waits while the first token is away.";

    private static string Names(string one, string several, IReadOnlyList<string> names) => $"{(names.Count == 1 ? one : several)} of {string.Join(", ", names)}";

    private static IEnumerable<WantedKey> KeysOf(ExaminedAuthority examined)
    {
        var (authority, certificate) = examined;
        yield return new WantedKey(authority.Name, authority.Key, authority.Signature, certificate.PublicKey);
        if (authority.Alternative is { } second && certificate.AlternativePublicKey is { } publicKey)
        {
            yield return new WantedKey($"{authority.Name} (alternative)", second.Key, second.Signature, publicKey);
        }
    }

    private static async Task<Half> ExamineAsync(DoctorContext context, TokenOptions token, IReadOnlyList<WantedKey> wanted, CancellationToken cancellationToken)
    {
        var half = new Half(token.Name);
        try
        {
            var access = TokenAccess.OptionsOf(context.Home, context.Options, context.Variable).First(o => o.Name == token.Name);
            await using var provider = await TokenAccess.OpenAsync(access, context.Clock, NullLoggerFactory.Instance, cancellationToken);
            foreach (var key in wanted)
            {
                (await TryAsync(provider, key, cancellationToken) switch { null => half.Lacks, true => half.Signs, false => half.Wrong }).Add(key.Owner);
            }

            return half;
        }
        catch (CommandException away)
        {
            return half with { Away = away.Message };
        }
        catch (KeyUnavailableException away)
        {
            return half with { Away = away.Message };
        }
    }

    /// <summary>Null: it lacks the key. False: it has another, or signs wrongly.</summary>
    private static async Task<bool?> TryAsync(Pkcs11Provider token, WantedKey wanted, CancellationToken cancellationToken)
    {
        await using var key = await token.OpenAsync(wanted.Reference.Label, cancellationToken);
        if (key is null || !key.PublicKey.Equals(wanted.PublicKey))
        {
            return key is null ? null : false;
        }

        return (await KeyProbe.RunAsync(key, wanted.Signature, wanted.PublicKey, ProviderList.SoftwareOnly, cancellationToken)).All(p => p.Verifies);
    }

    /// <summary>What was found of one of the two.</summary>
    /// <param name="Away">Why it is not there; null: it is.</param>
    internal sealed record Half(string Token, string? Away = null)
    {
        /// <summary>CAs whose keys it has and signs with.</summary>
        public List<string> Signs { get; } = [];

        public List<string> Lacks { get; } = [];

        public List<string> Wrong { get; } = [];
    }

    private sealed record WantedKey(string Owner, KeyReference Reference, SignatureAlgorithm Signature, PublicKey PublicKey);
}
