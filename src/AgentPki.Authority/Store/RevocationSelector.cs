using System.Globalization;
using System.Text;

namespace AgentPki.Authority.Store;

/// <summary>
/// Which certificates: those that meet every condition that is set. The store evaluates it where it writes, so that it means the same to everybody
/// and takes in what was issued a moment before. The appliance's own certificates (of no agent) meet it only when they are named one by one
/// (<see cref="NamesOneCertificate"/> with <see cref="IncludeAppliance"/>).
/// </summary>
public sealed record RevocationSelector
{
    /// <summary>Name of the issuing CA.</summary>
    public string? Authority { get; init; }

    /// <summary>The serialNumber's content octets.</summary>
    public ReadOnlyMemory<byte>? Serial { get; init; }

    /// <summary>A SPIFFE ID.</summary>
    public string? Agent { get; init; }

    /// <summary>With <see cref="Agent"/>: and everything it spawned, to any depth.</summary>
    public bool WithDescendants { get; init; }

    /// <summary>What the SPIFFE ID begins with; ends with a slash, so that it names a whole path segment.</summary>
    public string? AgentsUnder { get; init; }

    /// <summary>Who answers for the agents.</summary>
    public string? Owner { get; init; }

    public string? Profile { get; init; }

    /// <summary>The subject's kind of key, by name.</summary>
    public string? Algorithm { get; init; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo: every certificate that ever carried it, and composites of which it is half.</summary>
    public ReadOnlyMemory<byte>? KeyFingerprint { get; init; }

    public DateTimeOffset? IssuedFrom { get; init; }

    public DateTimeOffset? IssuedBefore { get; init; }

    /// <summary>Who asked for it, as in <see cref="CertificateRecord.Requester"/>.</summary>
    public string? Requester { get; init; }

    /// <summary>Lets the one certificate that is named be the appliance's own.</summary>
    public bool IncludeAppliance { get; init; }

    public static RevocationSelector Of(string authority, ReadOnlyMemory<byte> serial) => new() { Authority = authority, Serial = serial };

    /// <summary>Issuer and serial number: one certificate, taken even after its end.</summary>
    public bool NamesOneCertificate => Authority is not null && Serial is not null;

    /// <summary>Whether it chooses by agents alone, whose state then follows.</summary>
    public bool NamesAgents => (Agent ?? AgentsUnder ?? Owner) is not null
        && (Authority, Serial, Profile, Algorithm, KeyFingerprint, IssuedFrom, IssuedBefore, Requester) is (null, null, null, null, null, null, null, null);

    /// <summary>Why it cannot be used; null when it can.</summary>
    public string? WhyNot() => this switch
    {
        _ when ToString().Length == 0 => "name at least one condition: a serial number, an agent, an owner, a CA, a profile, an algorithm, a key, a time or a requester",
        { Serial: not null, Authority: null } => "a serial number needs its CA beside it: several may have issued the same",
        { WithDescendants: true, Agent: null } => "descendants are those of an agent: name it",
        { AgentsUnder: { } prefix } when !prefix.StartsWith("spiffe://", StringComparison.Ordinal) || !prefix.EndsWith('/') => "what the agents' names begin with is 'spiffe://…/', with a slash at the end",
        { KeyFingerprint: { Length: not 32 } } => "a key is named by the SHA-256 of its SubjectPublicKeyInfo: 64 hexadecimal digits",
        _ => null,
    };

    /// <summary>The conditions in one line, in a fixed order: what the ledger keeps and people confirm.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Add(text, "issuer", Authority);
        Add(text, "serial", Serial is { } serial ? Convert.ToHexStringLower(serial.Span) : null);
        Add(text, WithDescendants ? "agent-and-descendants" : "agent", Agent);
        Add(text, "agents-under", AgentsUnder);
        Add(text, "owner", Owner);
        Add(text, "profile", Profile);
        Add(text, "algorithm", Algorithm);
        Add(text, "key", KeyFingerprint is { } key ? Convert.ToHexStringLower(key.Span) : null);
        Add(text, "issued-from", Time(IssuedFrom));
        Add(text, "issued-before", Time(IssuedBefore));
        Add(text, "requester", Requester);
        return text.ToString();
    }

    private static string? Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void Add(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            // A blank in a value would read as the next condition.
            text.Append(text.Length == 0 ? "" : " ").Append(name).Append('=').Append(value.Contains(' ', StringComparison.Ordinal) ? $"\"{value}\"" : value);
        }
    }
}
