using System.Diagnostics.CodeAnalysis;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>RFC 5652 §5 SignedData, parsed. That it parses says nothing of its signatures.</summary>
public sealed partial class SignedData
{
    private SignedData(string contentType) => ContentType = contentType;

    /// <summary>eContentType, dotted.</summary>
    public string ContentType { get; }

    /// <summary>eContent; empty when it is detached or there is none.</summary>
    public ReadOnlyMemory<byte> Content { get; private init; }

    public IReadOnlyList<Certificate> Certificates { get; private init; } = [];

    public IReadOnlyList<SignerInfo> Signers { get; private init; } = [];

    /// <summary>Parses a ContentInfo that holds a SignedData.</summary>
    /// <exception cref="MalformedDataException">Anything else, or a certificate that cannot be read.</exception>
    public static SignedData Parse(ReadOnlyMemory<byte> contentInfo)
    {
        var content = ContentInfo.Decode(contentInfo, out var type);
        return type == Oids.CmsSignedData ? ParseContent(content) : throw new MalformedDataException($"contentType: {type} where SignedData belongs");
    }

    /// <summary>Parses a SignedData without its ContentInfo: what an envelope of type id-signedData holds.</summary>
    /// <exception cref="MalformedDataException">Anything else.</exception>
    public static SignedData ParseContent(ReadOnlyMemory<byte> signedData)
    {
        var outer = new DerReader(signedData);
        var reader = outer.ReadSequence("SignedData");
        outer.End("SignedData");
        reader.ReadInt32("version", 1, 5);
        reader.ReadElement(DerTag.Set, "digestAlgorithms");
        var encapsulated = reader.ReadSequence("encapContentInfo");
        var type = encapsulated.ReadOid("eContentType");
        ReadOnlyMemory<byte> content = default;
        if (!encapsulated.IsEmpty)
        {
            var tagged = encapsulated.ReadConstructed(DerTag.ContextConstructed(0), "eContent");
            content = tagged.ReadOctetString("eContent");
            tagged.End("eContent");
        }

        encapsulated.End("encapContentInfo");
        var certificates = reader.NextIs(DerTag.ContextConstructed(0))
            ? CertsOnly.ReadCertificates(reader.ReadConstructed(DerTag.ContextConstructed(0), "certificates"))
            : [];
        if (reader.NextIs(DerTag.ContextConstructed(1)))
        {
            reader.ReadElement(DerTag.ContextConstructed(1), "crls");
        }

        var signers = ReadSigners(reader.ReadSet("signerInfos"));
        reader.End("SignedData");
        return new SignedData(type) { Content = content, Certificates = certificates, Signers = signers };
    }

    public static bool TryParse(ReadOnlyMemory<byte> contentInfo, [NotNullWhen(true)] out SignedData? signedData, [NotNullWhen(false)] out string? error)
    {
        try
        {
            (signedData, error) = (Parse(contentInfo), null);
            return true;
        }
        catch (MalformedDataException e)
        {
            (signedData, error) = (null, e.Message);
            return false;
        }
    }

    /// <summary>
    /// The certificates of the signers, one a signer, when every signature verifies with a certificate of the message or of <paramref name="others"/>; null when there is
    /// no signer or one does not verify. Whether those certificates are to be trusted is not asked.
    /// </summary>
    public IReadOnlyList<Certificate>? Verify(CryptoProviders providers, params IEnumerable<Certificate> others)
    {
        var candidates = Certificates.Concat(others).ToArray();
        var signers = new List<Certificate>(Signers.Count);
        foreach (var signer in Signers)
        {
            var certificate = Array.Find(candidates, signer.IsMadeBy);
            if (certificate is null || !signer.Verify(certificate.PublicKey, ContentType, Content.Span, providers))
            {
                return null;
            }

            signers.Add(certificate);
        }

        return signers.Count > 0 ? signers : null;
    }

    private static List<SignerInfo> ReadSigners(DerReader set)
    {
        var signers = new List<SignerInfo>(1);
        while (!set.IsEmpty)
        {
            if (signers.Count == Limits.CmsParties)
            {
                throw set.Malformed($"signerInfos: more than {Limits.CmsParties}");
            }

            signers.Add(SignerInfo.Read(ref set));
        }

        return signers;
    }
}
