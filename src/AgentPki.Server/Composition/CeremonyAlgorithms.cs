using System.CommandLine;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Composition;

/// <summary>Which algorithms a new home's CAs have: <c>KEY</c> or <c>KEY:SIGNATURE</c>, for example <c>rsa-3072:rsa-pss-sha256</c>.</summary>
internal sealed class CeremonyAlgorithms
{
    private CeremonyAlgorithms(Option<string?> root, Option<string?> issuing) => (Root, Issuing) = (root, issuing);

    internal Option<string?> Root { get; }

    internal Option<string?> Issuing { get; }

    internal static CeremonyAlgorithms Create() => new(
        new Option<string?>("--root-algorithm") { Description = $"The root CA's key, and after a colon its signature: KEY[:SIGNATURE]. Keys: {Names}. Two keys, the second beside the first: 'catalyst ecdsa-p384 + ml-dsa-87'. An existing CA keeps its own." },
        new Option<string?>("--issuing-algorithm") { Description = "The issuing CA's, likewise." });

    /// <summary>The development ceremony with what the command line asks for.</summary>
    /// <exception cref="CommandException">An algorithm that this build or a CA cannot have.</exception>
    internal Func<CeremonyOptions, CeremonyOptions> ChangeOf(ParseResult parsed)
    {
        var (root, issuing) = (Parse(Root, parsed), Parse(Issuing, parsed));
        return wanted => wanted with { Root = Change(wanted.Root, root), Issuing = Change(wanted.Issuing, issuing) };
    }

    private static string Names => string.Join(", ", KeyAlgorithm.All.Where(k => k.CanSign && k != KeyAlgorithm.Rsa2048).Select(k => k.Name));

    private static CeremonyAuthority Change(CeremonyAuthority authority, (KeyKind Keys, SignatureAlgorithm? Signature)? chosen) =>
        chosen is { } algorithms ? authority.With(algorithms.Keys) with { Signature = algorithms.Signature } : authority;

    private static (KeyKind Keys, SignatureAlgorithm? Signature)? Parse(Option<string?> option, ParseResult parsed)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        if (text.StartsWith("catalyst ", StringComparison.Ordinal))
        {
            return KeyKind.TryParse(text, out var pair, out var wrong) ? (pair, null) : throw new CommandException(ExitCodes.Usage, $"{option.Name}: {wrong}.", $"Choose two of {Names}.");
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        if (KeyAlgorithm.Find(name) is not { CanSign: true } key || key == KeyAlgorithm.Rsa2048)
        {
            throw new CommandException(ExitCodes.Usage, $"{option.Name}: '{name}' is no key algorithm of a CA.", $"Choose one of {Names}.");
        }

        var fitting = SignatureAlgorithm.All.Where(s => s.Fits(key)).ToList();
        var signature = colon < 0 ? key.DefaultSignature : fitting.Find(s => s.Name == text[(colon + 1)..]);
        return signature is null
            ? throw new CommandException(ExitCodes.Usage, $"{option.Name}: '{text[(colon + 1)..]}' is no signature of a {key} key.", $"Choose one of {string.Join(", ", fitting)}.")
            : (new KeyKind(key), signature);
    }
}
