using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>What an officer says about one thing: he approves a plan, closes a ceremony, opens an epoch.</summary>
/// <param name="Kind">A word: <c>approve-plan</c>, <c>approve-step</c>, <c>close</c>, <c>begin-epoch</c>.</param>
/// <param name="Time">When, by the clock of the machine that signs.</param>
/// <param name="About">What exactly, by name: ids and digests, so that it can be said of nothing else.</param>
public sealed record OfficerStatement(string Kind, DateTimeOffset Time, ImmutableArray<KeyValuePair<string, string>> About)
{
    internal const string SheetKind = "agentpki-statement/1";

    public static OfficerStatement Of(string kind, DateTimeOffset time, params ReadOnlySpan<(string Name, string? Value)> about) => new(kind, time, FactSheet.Of(SheetKind, about).Facts);

    /// <summary>The value of that name, or null.</summary>
    public string? this[string name] => new FactSheet(SheetKind, About)[name];

    internal FactSheet ToSheet(Officer officer) => new(SheetKind,
    [
        new("statement", Kind),
        .. About,
        new("officer", officer.Name),
        new("key", officer.Fingerprint),
        new("time", Instants.ToText(Time)),
    ]);
}

/// <summary>A statement's text and the officer's signature over exactly these octets, in the encoding of <see cref="ISigningKey.SignAsync"/>.</summary>
public sealed record SignedStatement(ReadOnlyMemory<byte> Text, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Reads and verifies.</summary>
    /// <param name="roster">Who may state anything.</param>
    /// <returns>False with the reason: nobody of the roster, another key, another signature, not a statement.</returns>
    public bool TryVerify(OfficerRoster roster, CryptoProviders providers, [NotNullWhen(true)] out VerifiedStatement? statement, [NotNullWhen(false)] out string? problem)
    {
        statement = null;
        if (!FactSheet.TryParse(Text.Span, out var sheet, out problem))
        {
            problem = $"the statement cannot be read: {problem}";
            return false;
        }

        if (sheet.Kind != OfficerStatement.SheetKind || sheet["statement"] is not { } kind || sheet["officer"] is not { } name || sheet["key"] is not { } key || !Instants.TryParse(sheet["time"], out var time))
        {
            problem = "it is not an officer's statement";
            return false;
        }

        if (roster.Find(name) is not { } officer)
        {
            problem = $"'{name}' is no officer of this roster";
            return false;
        }

        if (key != officer.Fingerprint)
        {
            problem = $"the statement of {name} names another key than the roster";
            return false;
        }

        if (!providers.Verify(officer.SigningKey, officer.SigningKey.Algorithm.DefaultSignature, Text.Span, Signature.Span))
        {
            problem = $"the signature is not that of {name}: the statement was changed, or somebody else signed it";
            return false;
        }

        var about = sheet.Facts.RemoveAll(f => f.Key is "statement" or "officer" or "key" or "time");
        statement = new VerifiedStatement(officer, new OfficerStatement(kind, time, about));
        return true;
    }
}

/// <summary>Who said what, verified.</summary>
public sealed record VerifiedStatement(Officer Officer, OfficerStatement Statement);
