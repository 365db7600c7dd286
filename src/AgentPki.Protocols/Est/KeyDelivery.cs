using System.Security.Cryptography;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Requests;

namespace AgentPki.Protocols.Est;

/// <summary>How a key made here travels to its owner (RFC 7030 §4.4.1), as the request's attributes ask for it. Closed.</summary>
internal abstract record KeyDelivery
{
    private KeyDelivery()
    {
    }

    /// <summary>PKCS#8 inside of the TLS connection, which is what a request without further attributes asks for.</summary>
    public sealed record InTls : KeyDelivery;

    /// <summary>CMS EnvelopedData to a key that the client proved to hold (RFC 7030 §4.4.1.2); for ML-KEM with a KEMRecipientInfo (RFC 9629, RFC 9936).</summary>
    public sealed record Encrypted(Recipient Recipient, ContentEncryption Encryption) : KeyDelivery;

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
            key = request.PublicKey; // its possession is proven by the request's own signature, or stated by a certificate's holder (RFC 9883)
        }
        else
        {
            return Refuse("AsymmetricDecryptKeyIdentifier names neither the client certificate's key nor the request's own (their key identifier: SHA-1 or truncated SHA-256 of the key bits)");
        }

        if (key.Algorithm.Family is not (AlgorithmFamily.Rsa or AlgorithmFamily.Ecdsa or AlgorithmFamily.MlKem))
        {
            return Refuse($"a {key.Algorithm.Name} key decrypts nothing: name an RSA, EC or ML-KEM key");
        }

        var capabilities = SingleValue(request, Oids.SmimeCapabilities) is { } value ? ReadCapabilities(value) : null;
        return EncryptionFor(capabilities) is { } encryption
            ? new Encrypted(Recipient.ForKey(key, identifier) with { RsaKeyTransport = TransportFor(capabilities) }, encryption)
            : Refuse("none of the SMIMECapabilities is a content encryption offered here: AES-256-CBC and AES-256-GCM are");
    }

    /// <summary>RFC 5280 §4.2.1.2 method 1, RFC 7093 §2 method 1, or SHA-256 of the whole SubjectPublicKeyInfo.</summary>
    private static bool Identifies(ReadOnlySpan<byte> identifier, PublicKey key) =>
#pragma warning disable CA5350 // SHA-1 only names a key here, as RFC 5280 fixes it
        identifier.SequenceEqual(SHA1.HashData(key.KeyBits.Span)) || identifier.SequenceEqual(key.KeyIdentifier()) || identifier.SequenceEqual(key.Fingerprint());
#pragma warning restore CA5350

    /// <summary>The client's preference; CBC, which is what RFC 7030's EnvelopedData means, where it has none.</summary>
    private static ContentEncryption? EncryptionFor(List<string>? capabilities) => capabilities is null
        ? ContentEncryption.Aes256Cbc
        : capabilities.Find(oid => oid is Oids.Aes256Cbc or Oids.Aes256Gcm) switch
        {
            Oids.Aes256Cbc => ContentEncryption.Aes256Cbc,
            Oids.Aes256Gcm => ContentEncryption.Aes256Gcm,
            _ => null,
        };

    // PKCS#1 v1.5 only for a client that says it knows that and not OAEP.
    private static RsaKeyTransport TransportFor(List<string>? capabilities) =>
        capabilities is not null && capabilities.Contains(Oids.RsaEncryption) && !capabilities.Contains(Oids.RsaOaep) ? RsaKeyTransport.Pkcs1 : RsaKeyTransport.Oaep;

    private static KeyUsages UsageOf(PublicKey key) => key.Algorithm.Family == AlgorithmFamily.Ecdsa ? KeyUsages.KeyAgreement : KeyUsages.KeyEncipherment;

    private static ReadOnlyMemory<byte>? SingleValue(Pkcs10Request request, string oid)
    {
        var found = request.Attributes.Where(a => a.Oid == oid).ToList();
        return found switch
        {
            [] => default(ReadOnlyMemory<byte>?), // not null: that would be an empty memory, by way of byte[]
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
