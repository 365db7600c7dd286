using System.Net;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>The record types that validation asks for, with their numbers on the wire.</summary>
public enum DnsRecordType
{
    /// <summary>An IPv4 address (RFC 1035 §3.4.1).</summary>
    A = 1,

    /// <summary>Text (RFC 1035 §3.3.14).</summary>
    Txt = 16,

    /// <summary>An IPv6 address (RFC 3596 §2).</summary>
    Aaaa = 28,

    /// <summary>Who may issue certificates (RFC 8659 §4).</summary>
    Caa = 257,
}

/// <summary>The data of one resource record. Closed.</summary>
public abstract record DnsRecord
{
    private DnsRecord()
    {
    }

    /// <summary>A or AAAA.</summary>
    public sealed record Address(IPAddress Value) : DnsRecord;

    /// <summary>TXT: the character strings of one record put together (RFC 8555 §8.4 takes a record as one value), each octet a character.</summary>
    public sealed record Text(string Value) : DnsRecord;

    /// <summary>CAA (RFC 8659 §4.1).</summary>
    /// <param name="Tag">The property, in lower case: tags are matched without case (§4.1).</param>
    /// <param name="Value">Each octet a character.</param>
    public sealed record Caa(bool Critical, string Tag, string Value) : DnsRecord;
}

/// <summary>What a look-up came to. Closed: that a name does not exist, that it has no such record, and that nobody knows are three things.</summary>
public abstract record DnsAnswer
{
    private DnsAnswer()
    {
    }

    /// <summary>At least one record of the type asked for.</summary>
    /// <param name="Owner">The name that carries them: the one asked for, or the end of its aliases.</param>
    public sealed record Found(IReadOnlyList<DnsRecord> Records, string Owner) : DnsAnswer;

    /// <summary>The name exists and has no record of that type (NOERROR without an answer).</summary>
    public sealed record Empty : DnsAnswer;

    /// <summary>The name does not exist (NXDOMAIN).</summary>
    public sealed record NoSuchName : DnsAnswer;

    /// <summary>It could not be found out: SERVFAIL, REFUSED, no answer, an answer that is none.</summary>
    /// <param name="Detail">Which server said or did what; no full stop at the end.</param>
    public sealed record Failed(string Detail) : DnsAnswer;
}
