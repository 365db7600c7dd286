using System.Net;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Extensions;

/// <summary>The base of one GeneralSubtree (RFC 5280 §4.2.1.10). Closed.</summary>
public abstract record NameSubtree
{
    private NameSubtree()
    {
    }

    /// <summary>This host and everything below it; the empty text is every DNS name.</summary>
    public sealed record Dns(string Domain) : NameSubtree;

    /// <summary>The host part of a URI: exactly this host, or with a leading dot everything below it. A SPIFFE trust domain is such a host.</summary>
    public sealed record UriHost(string Host) : NameSubtree;

    /// <summary>A mailbox, a host, or with a leading dot a domain.</summary>
    public sealed record Rfc822(string Mailbox) : NameSubtree;

    /// <summary>Names that start with these RDNs.</summary>
    public sealed record Directory(X500Name Name) : NameSubtree;

    /// <summary>An address range: 4+4 or 16+16 octets on the wire.</summary>
    public sealed record IpRange(IPAddress Address, IPAddress Mask) : NameSubtree;

    /// <summary>Another kind of name, which nothing here can match: a certificate that carries such a name fails the path check.</summary>
    public sealed record Other(byte Tag) : NameSubtree;
}

/// <summary>RFC 5280 §4.2.1.10: which names the certificates below a CA may carry. Critical.</summary>
public sealed record NameConstraints(IReadOnlyList<NameSubtree> Permitted, IReadOnlyList<NameSubtree> Excluded)
{
    /// <exception cref="ArgumentException">Nothing is permitted or excluded, or a subtree is of a kind that cannot be written.</exception>
    public X509Extension ToExtension()
    {
        if (Permitted.Count + Excluded.Count == 0)
        {
            throw new ArgumentException("Name constraints that constrain nothing are not allowed (RFC 5280 §4.2.1.10).");
        }

        using var writer = new DerWriter(256);
        using (writer.Sequence())
        {
            Write(writer, DerTag.ContextConstructed(0), Permitted);
            Write(writer, DerTag.ContextConstructed(1), Excluded);
        }

        return new X509Extension(Oids.NameConstraints, true, writer.ToArray());
    }

    /// <exception cref="MalformedDataException">Not the DER of NameConstraints.</exception>
    public static NameConstraints Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var sequence = outer.ReadSequence("NameConstraints");
        outer.End("NameConstraints");
        var permitted = Read(ref sequence, DerTag.ContextConstructed(0));
        var excluded = Read(ref sequence, DerTag.ContextConstructed(1));
        sequence.End("NameConstraints");
        return permitted.Count + excluded.Count > 0 ? new NameConstraints(permitted, excluded) : throw outer.Malformed("NameConstraints: constrains nothing");
    }

    private static List<NameSubtree> Read(ref DerReader reader, byte tag)
    {
        var subtrees = new List<NameSubtree>();
        if (!reader.NextIs(tag))
        {
            return subtrees;
        }

        var list = reader.ReadConstructed(tag, "GeneralSubtrees");
        while (!list.IsEmpty)
        {
            if (subtrees.Count == Limits.ExtensionItems)
            {
                throw list.Malformed($"GeneralSubtrees: more than {Limits.ExtensionItems}");
            }

            var subtree = list.ReadSequence("GeneralSubtree");
            subtrees.Add(ReadBase(ref subtree));
            // RFC 5280 §4.2.1.10: minimum is 0 (a default, not encoded) and maximum is absent.
            subtree.End("GeneralSubtree");
        }

        return subtrees.Count > 0 ? subtrees : throw list.Malformed("GeneralSubtrees: empty");
    }

    private static NameSubtree ReadBase(ref DerReader reader)
    {
        const string field = "GeneralSubtree base";
        switch (reader.NextTag)
        {
            case 0x81:
                return new NameSubtree.Rfc822(reader.ReadString(0x81, DerTag.Ia5String, field));
            case 0x82:
                return new NameSubtree.Dns(reader.ReadString(0x82, DerTag.Ia5String, field));
            case 0x86:
                return new NameSubtree.UriHost(reader.ReadString(0x86, DerTag.Ia5String, field));
            case 0x87:
                var range = reader.ReadContent(0x87, field).Span;
                return range.Length is 8 or 32
                    ? new NameSubtree.IpRange(new IPAddress(range[..(range.Length / 2)]), new IPAddress(range[(range.Length / 2)..]))
                    : throw reader.Malformed($"{field}: address range of {range.Length} octets");
            case 0xA4:
                var inner = reader.ReadConstructed(0xA4, field);
                var name = X500Name.Read(ref inner, field);
                inner.End(field);
                return new NameSubtree.Directory(name);
            case 0xA0 or 0xA3 or 0xA5 or 0x88:
                var tag = reader.NextTag;
                reader.ReadElement(field);
                return new NameSubtree.Other(tag);
            default:
                throw reader.Malformed($"{field}: tag {reader.NextTag:X2} is no GeneralName");
        }
    }

    private static void Write(DerWriter writer, byte tag, IReadOnlyList<NameSubtree> subtrees)
    {
        if (subtrees.Count == 0)
        {
            return;
        }

        using var list = writer.Constructed(tag);
        foreach (var subtree in subtrees)
        {
            using var sequence = writer.Sequence();
            switch (subtree)
            {
                case NameSubtree.Dns dns:
                    writer.WriteString(DerTag.Ia5String, dns.Domain, 0x82);
                    break;
                case NameSubtree.UriHost uri:
                    writer.WriteString(DerTag.Ia5String, uri.Host, 0x86);
                    break;
                case NameSubtree.Rfc822 mail:
                    writer.WriteString(DerTag.Ia5String, mail.Mailbox, 0x81);
                    break;
                case NameSubtree.IpRange range:
                    writer.Write(0x87, [.. range.Address.GetAddressBytes(), .. range.Mask.GetAddressBytes()]);
                    break;
                case NameSubtree.Directory directory:
                    using (writer.Constructed(0xA4))
                    {
                        writer.WriteEncoded(directory.Name.Der.Span);
                    }

                    break;
                default:
                    throw new ArgumentException($"A subtree of kind {subtree.GetType().Name} cannot be written.");
            }
        }
    }
}
