using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Extensions;

/// <summary>RFC 5280 §4.2.1.1: which of its keys the issuer signed with.</summary>
/// <param name="KeyIdentifier">The issuer's subjectKeyIdentifier; empty when absent.</param>
/// <param name="Issuer">authorityCertIssuer; empty when absent.</param>
/// <param name="SerialNumber">authorityCertSerialNumber's content octets; empty when absent.</param>
public sealed record AuthorityKeyIdentifier(ReadOnlyMemory<byte> KeyIdentifier, IReadOnlyList<GeneralName> Issuer, ReadOnlyMemory<byte> SerialNumber)
{
    /// <exception cref="MalformedDataException">Not the DER of AuthorityKeyIdentifier.</exception>
    public static AuthorityKeyIdentifier Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var sequence = outer.ReadSequence("AuthorityKeyIdentifier");
        outer.End("AuthorityKeyIdentifier");
        var key = sequence.NextIs(DerTag.Context(0)) ? sequence.ReadContent(DerTag.Context(0), "keyIdentifier") : default;
        IReadOnlyList<GeneralName> issuer = sequence.NextIs(DerTag.ContextConstructed(1))
            ? GeneralName.ReadAll(sequence.ReadConstructed(DerTag.ContextConstructed(1), "authorityCertIssuer"), "authorityCertIssuer")
            : [];
        var serial = sequence.NextIs(DerTag.Context(2)) ? sequence.ReadIntegerContent("authorityCertSerialNumber", DerTag.Context(2)) : default;
        sequence.End("AuthorityKeyIdentifier");
        return new AuthorityKeyIdentifier(key, issuer, serial);
    }
}
