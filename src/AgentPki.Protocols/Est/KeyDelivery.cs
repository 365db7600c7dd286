using System.Security.Cryptography;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Requests;

namespace AgentPki.Protocols.Est;

/// <summary>How a key made here travels to its owner (RFC 7030 §4.4.1), as the request's attributes ask for it. Closed.</summary>
internal abstract record KeyDelivery
{
    // In order of preference where the client names none.
    private static readonly string[] ContentEncryption = [Oids.Aes256Cbc, Oids.Aes128Cbc];

    private KeyDelivery()
    {
    }

    /// <summary>PKCS#8 inside of the TLS connection, which is what a request without further attributes asks for.</summary>
    public sealed record InTls : KeyDelivery;

    /// <summary>CMS EnvelopedData to a key that the client proved to hold (RFC 7030 §4.4.1.2).</summary>
    /// <param name="Identifier">The identifier the client named the key by; the RecipientInfo repeats it.</param>
    /// <param name="Algorithm">OID of the content encryption.</param>
    public sealed record Encrypted(PublicKey Recipient, ReadOnlyMemory<byte> Identifier, string Algorithm, bool PrefersOaep) : KeyDelivery;

    /// <summary>What was asked for cannot be done; cleartext would not be what was asked for.</summary>
    public sealed record Impossible(PkiProblem Problem) : KeyDelivery;

    /// <param name="client">The certificate the client authenticated with, if a CA of this appliance issued it.</param>
    public static KeyDelivery For(Pkcs10Request request, Certificate? client)
    {
        try
        {
            if (request.Attributes.Any(a => a.Oid == Oids.DecryptKeyId))
            {
                // RFC 7030 §4.4.1.1: a symmetric key shared out of band; this appliance shares none.
                return Refuse("no symmetric key is shared with this appliance: name an asymmetric one (AsymmetricDecryptKeyIdentifier, RFC 7030 §4.4.1.2) or none");
            }

            return SingleValue(request, Oids.AsymmetricDecryptKeyId) is { } identifier
                ? ForKey(ReadOctetString(identifier), request, client)
                : new InTls();
        }
        catch (MalformedDataException malformed)
        {
            return new Impossible(new PkiProblem(PkiProblemKind.MalformedRequest, malformed.Message));
        }
    }

    private static KeyDelivery ForKey(ReadOnlyMemory<byte> identifier, Pkcs10Request request, Certificate? client)
    {
        PublicKey key;
        if (client is not null && (identifier.Span.SequenceEqual(client.SubjectKeyIdentifier.Span) || Identifies(identifier.Span, client.PublicKey)))
        {
            key = client.PublicKey;
            if (client.KeyUsages is { } usages && !usages.HasFlag(UsageOf(key)))
            {
                return Refuse($"the named key is that of the client certificate, whose keyUsage does not allow {UsageOf(key)} (RFC 5280 §4.2.1.3): name the request's own key instead");
            }
        }
        else if (Identifies(identifier.Span, request.PublicKey))
        {
            key = request.PublicKey; // its possession is proven by the request's own signature
        }
        else
        {
            return Refuse("AsymmetricDecryptKeyIdentifier names neither the client certificate's key nor the request's own (their key identifier: SHA-1 or truncated SHA-256 of the key bits)");
        }

        if (key.Algorithm.Family is not (AlgorithmFamily.Rsa or AlgorithmFamily.Ecdsa))
        {
            return Refuse($"a {key.Algorithm.Name} key decrypts nothing: name an RSA or EC key");
        }

        var capabilities = SingleValue(request, Oids.SmimeCapabilities) is { } value ? ReadCapabilities(value) : null;
        var algorithm = capabilities is null ? ContentEncryption[0] : capabilities.FirstOrDefault(ContentEncryption.Contains);
        return algorithm is null
            ? Refuse("none of the SMIMECapabilities is a content encryption offered here: AES-256-CBC and AES-128-CBC are")
            : new Encrypted(key, identifier, algorithm, capabilities?.Contains(Oids.RsaOaep) ?? false);
    }

    /// <summary>RFC 5280 §4.2.1.2 method 1, RFC 7093 §2 method 1, or SHA-256 of the whole SubjectPublicKeyInfo.</summary>
    private static bool Identifies(ReadOnlySpan<byte> identifier, PublicKey key) =>
#pragma warning disable CA5350 // SHA-1 only names a key here, as RFC 5280 fixes it
        identifier.SequenceEqual(SHA1.HashData(key.KeyBits.Span)) || identifier.SequenceEqual(key.KeyIdentifier()) || identifier.SequenceEqual(key.Fingerprint());
#pragma warning restore CA5350

    private static KeyUsages UsageOf(PublicKey key) => key.Algorithm.Family == AlgorithmFamily.Rsa ? KeyUsages.KeyEncipherment : KeyUsages.KeyAgreement;

    private static ReadOnlyMemory<byte>? SingleValue(Pkcs10Request request, string oid)
    {
        var found = request.Attributes.Where(a => a.Oid == oid).ToList();
        return found switch
        {
            [] => null,
            [{ Values: [var only] }] => only,
            _ => throw new MalformedDataException($"attributes: attribute {oid} must occur once, with one value"),
        };
    }

    private static ReadOnlyMemory<byte> ReadOctetString(ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value);
        var octets = reader.ReadOctetString("AsymmetricDecryptKeyIdentifier");
        reader.End("AsymmetricDecryptKeyIdentifier");
        return octets;
    }

    /// <summary>RFC 8551 §2.5.2: SEQUENCE OF SEQUENCE { capabilityID, parameters OPTIONAL }; the OIDs, the client's preference first.</summary>
    private static List<string> ReadCapabilities(ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value);
        var list = reader.ReadSequence("SMIMECapabilities");
        reader.End("SMIMECapabilities");
        var oids = new List<string>();
        while (!list.IsEmpty && oids.Count < Limits.ExtensionItems)
        {
            var capability = list.ReadSequence("SMIMECapability");
            oids.Add(capability.ReadOid("capabilityID"));
        }

        return oids;
    }

    private static Impossible Refuse(string detail) => new(new PkiProblem(PkiProblemKind.PolicyViolation, detail));
}
