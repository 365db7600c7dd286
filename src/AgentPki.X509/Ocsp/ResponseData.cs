using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Ocsp;

/// <summary>RFC 6960 §4.2.1 ResponderID. Closed.</summary>
public abstract record ResponderId
{
    private ResponderId()
    {
    }

    public sealed record ByName(X500Name Name) : ResponderId;

    /// <param name="KeyHash">SHA-1 over the responder's key bits; 20 octets.</param>
    public sealed record ByKey(ReadOnlyMemory<byte> KeyHash) : ResponderId
    {
        public bool Equals(ByKey? other) => other is not null && KeyHash.Span.SequenceEqual(other.KeyHash.Span);

        public override int GetHashCode() => KeyHash.Length == 0 ? 0 : KeyHash.Span[0];
    }

    /// <summary>What this appliance uses: shorter than a name, and the same for every name of a key.</summary>
    public static ResponderId For(PublicKey responder) => new ByKey(SHA1.HashData(responder.KeyBits.Span));

    public bool Matches(X500Name subject, PublicKey key) => this switch
    {
        ByName name => name.Name.Equals(subject),
        ByKey hash => hash.KeyHash.Span.SequenceEqual(SHA1.HashData(key.KeyBits.Span)),
        _ => false,
    };
}

/// <summary>RFC 6960 §4.2.1 ResponseData: what a responder signs.</summary>
public sealed record ResponseData
{
    public required ResponderId Responder { get; init; }

    public required DateTimeOffset ProducedAt { get; init; }

    public required IReadOnlyList<SingleResponse> Responses { get; init; }

    /// <summary>The request's nonce; empty for none.</summary>
    public ReadOnlyMemory<byte> Nonce { get; init; }

    /// <summary>The octets this was parsed from; empty when it was not.</summary>
    public ReadOnlyMemory<byte> Encoded { get; private init; }

    /// <summary>The extensions as they came; empty when this was not parsed.</summary>
    public IReadOnlyList<X509Extension> Extensions { get; private init; } = [];

    /// <summary>The DER ResponseData.</summary>
    public byte[] Encode()
    {
        using var writer = new DerWriter(512);
        using (writer.Sequence())
        {
            // version [0] DEFAULT v1: not encoded.
            switch (Responder)
            {
                case ResponderId.ByName name:
                    using (writer.Constructed(DerTag.ContextConstructed(1)))
                    {
                        writer.WriteEncoded(name.Name.Der.Span);
                    }

                    break;
                case ResponderId.ByKey key:
                    using (writer.Constructed(DerTag.ContextConstructed(2)))
                    {
                        writer.WriteOctetString(key.KeyHash.Span);
                    }

                    break;
            }

            writer.WriteGeneralizedTime(ProducedAt);
            using (writer.Sequence())
            {
                foreach (var response in Responses)
                {
                    response.Write(writer);
                }
            }

            if (!Nonce.IsEmpty)
            {
                using var tagged = writer.Constructed(DerTag.ContextConstructed(1));
                X509Extension.WriteAll(writer, [OcspRequest.NonceExtension(Nonce.Span)]);
            }
        }

        return writer.ToArray();
    }

    /// <exception cref="MalformedDataException">Not the DER of a ResponseData.</exception>
    public static ResponseData Parse(ReadOnlyMemory<byte> der)
    {
        var outer = new DerReader(der);
        var reader = outer.ReadSequence("ResponseData");
        outer.End("ResponseData");
        if (reader.NextIs(DerTag.ContextConstructed(0)))
        {
            throw reader.Malformed("version: v1 is the default and is not encoded; there is no other");
        }

        var responder = ReadResponder(ref reader);
        var producedAt = reader.ReadGeneralizedTime("producedAt");
        var responses = ReadResponses(reader.ReadSequence("responses"));
        List<X509Extension> extensions = [];
        if (reader.NextIs(DerTag.ContextConstructed(1)))
        {
            var tagged = reader.ReadConstructed(DerTag.ContextConstructed(1), "responseExtensions");
            extensions = X509Extension.ReadAll(ref tagged, "responseExtensions");
            tagged.End("responseExtensions");
        }

        reader.End("ResponseData");
        return new ResponseData
        {
            Responder = responder,
            ProducedAt = producedAt,
            Responses = responses,
            Nonce = extensions.Find(e => e.Oid == Oids.OcspNonce) is { } nonce ? ExtensionReaders.OctetString(nonce.Value, "nonce") : default,
            Encoded = der,
            Extensions = extensions,
        };
    }

    private static ResponderId ReadResponder(ref DerReader reader)
    {
        if (reader.NextIs(DerTag.ContextConstructed(1)))
        {
            var byName = reader.ReadConstructed(DerTag.ContextConstructed(1), "byName");
            var name = X500Name.Read(ref byName, "byName");
            byName.End("byName");
            return new ResponderId.ByName(name);
        }

        var byKey = reader.ReadConstructed(DerTag.ContextConstructed(2), "byKey");
        var hash = byKey.ReadOctetString("byKey");
        byKey.End("byKey");
        return hash.Length == 20 ? new ResponderId.ByKey(hash) : throw reader.Malformed("byKey: a SHA-1 has 20 octets");
    }

    private static List<SingleResponse> ReadResponses(DerReader list)
    {
        var responses = new List<SingleResponse>(1);
        while (!list.IsEmpty)
        {
            if (responses.Count == Limits.OcspRequests)
            {
                throw list.Malformed($"responses: more than {Limits.OcspRequests}");
            }

            responses.Add(SingleResponse.Read(ref list));
        }

        return responses;
    }
}
