using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Ledger;

namespace AgentPki.Authority.Governance;

/// <summary>Rules that were read from a file, or are built in.</summary>
public interface IRules
{
    /// <summary>SHA-256 of the file; of what is built in: of nothing.</summary>
    string Digest { get; }
}

/// <summary>Reads rules from a text. Null, with at least one error, when these are none.</summary>
public delegate T? RulesReader<out T>(ReadOnlySpan<byte> text, out IReadOnlyList<ProfileError> errors)
    where T : class, IRules;

/// <summary>One kind of rules that lie in one file of the home: the registry's, the watch's.</summary>
/// <param name="File">The file's name, as messages have it.</param>
/// <param name="Title">As a sentence begins with them: <c>The rules of the registry</c>.</param>
/// <param name="Verb">Of the command line that checks, applies and restores them.</param>
/// <param name="BuiltIn">What serves where there is no file.</param>
/// <param name="Changed">The entry about other rules that serve.</param>
/// <param name="Refused">The entry about a file that does not serve.</param>
public sealed record RulesKind<T>(string File, string Title, string Verb, T BuiltIn, RulesReader<T> Read, LedgerEntryKind Changed, LedgerEntryKind Refused)
    where T : class, IRules
{
    /// <summary>As the store knows the approved file; profiles have names without a slash.</summary>
    public string ApprovedName => $"home/{File}";

    /// <summary>What is wrong with a text that is to serve.</summary>
    public PkiProblem? WhyNot(ReadOnlySpan<byte> text) =>
        Read(text, out var errors) is null ? new PkiProblem(PkiProblemKind.PolicyViolation, $"the rules are wrong: {string.Join("; ", errors)}") : null;

    /// <summary>Why a file does not serve in a production home; null: it is as it was approved, or is not there and never was.</summary>
    public string? WhyNotApproved(byte[]? lying, byte[]? approved) => (lying, approved) switch
    {
        (null, null) => null,
        (_, null) => $"{File} was never approved; 'agentpki {Verb} apply' asks for it",
        (null, _) => $"{File} was approved and is missing; 'agentpki {Verb} restore' writes it again",
        _ when lying.AsSpan().SequenceEqual(approved) => null,
        _ => $"{File} is not as it was approved; 'agentpki {Verb} restore' writes back what was, 'agentpki {Verb} apply' asks for a change",
    };
}
