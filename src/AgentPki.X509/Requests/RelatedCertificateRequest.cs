using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Requests;

/// <summary>
/// RFC 9763 §3.1 RequesterCertificate, the value of the relatedCertRequest attribute: "I am also who holds that certificate", with a signature by that certificate's key over its name
/// and the time.
/// </summary>
public sealed class RelatedCertificateRequest
{
    private const string EmbeddedPrefix = "data:";
    private const string Base64Mark = ";base64,";
    private readonly byte[] _signed;

    private RelatedCertificateRequest(byte[] signed, X500Name issuer, ReadOnlyMemory<byte> serialNumber, DateTimeOffset time, IReadOnlyList<string> locations, ReadOnlyMemory<byte> signature) =>
        (_signed, Issuer, SerialNumber, RequestTime, Locations, Signature) = (signed, issuer, serialNumber, time, locations, signature);

    /// <summary>Who issued the related certificate.</summary>
    public X500Name Issuer { get; }

    /// <summary>Content octets of its serial number.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; }

    /// <summary>When the request was signed, by the requester's clock (RFC 6019 BinaryTime: whole seconds).</summary>
    public DateTimeOffset RequestTime { get; }

    /// <summary>Where the certificate is to be found; not covered by the signature. Nothing here fetches them.</summary>
    public IReadOnlyList<string> Locations { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Whether that certificate's issuer and serial number are the ones named.</summary>
    public bool Names(Certificate certificate) => certificate.Issuer.Equals(Issuer) && certificate.SerialNumber.Span.SequenceEqual(SerialNumber.Span);

    /// <summary>
    /// Whether the key of <paramref name="related"/> signed the certificate's name and the time. The structure names no algorithm: each that the key can make is tried, its default
    /// first.
    /// </summary>
    public bool VerifySignature(Certificate related, CryptoProviders providers) =>
        Names(related) && related.PublicKey.Algorithm.CanSign && SignatureAlgorithm.All
            .Where(a => a.Fits(related.PublicKey.Algorithm)).OrderBy(a => a == related.PublicKey.Algorithm.DefaultSignature ? 0 : 1)
            .Any(a => providers.Verify(related.PublicKey, a, _signed, Signature.Span));

    /// <summary>The certificate that is named, from a <c>data:</c> location (RFC 2397) with its DER in base64; null when there is none.</summary>
    public Certificate? FindEmbedded()
    {
        foreach (var location in Locations)
        {
            if (location.StartsWith(EmbeddedPrefix, StringComparison.OrdinalIgnoreCase) && location.IndexOf(Base64Mark, StringComparison.OrdinalIgnoreCase) is > 0 and var mark
                && Decode(location.AsSpan(mark + Base64Mark.Length)) is { } der && Certificate.TryParse(der, out var certificate, out _) && Names(certificate))
            {
                return certificate;
            }
        }

        return null;
    }

    /// <summary>Makes the attribute: <paramref name="key"/> is that of <paramref name="related"/>.</summary>
    /// <param name="locations">Empty: the certificate itself as a <c>data:</c> location.</param>
    public static async ValueTask<RequestAttribute> CreateAsync(Certificate related, ISigningKey key, DateTimeOffset now, IReadOnlyList<string> locations, CancellationToken cancellationToken)
    {
        var certId = EncodeId(related);
        var time = EncodeTime(now);
        var signature = await key.SignAsync(key.Algorithm.DefaultSignature, (byte[])[.. certId, .. time], cancellationToken);
        using var writer = new DerWriter(1024);
        using (writer.Sequence())
        {
            writer.WriteEncoded(certId);
            writer.WriteEncoded(time);
            // UniformResourceIdentifiers ::= SEQUENCE SIZE (1..MAX) OF IA5String
            using (writer.Sequence())
            {
                foreach (var location in locations.Count > 0 ? locations : [$"data:application/pkix-cert{Base64Mark}{Convert.ToBase64String(related.Der.Span)}"])
                {
                    writer.WriteString(DerTag.Ia5String, location);
                }
            }

            writer.WriteBitString(signature);
        }

        return new RequestAttribute(Oids.RelatedCertRequest, [writer.ToArray()]);
    }

    /// <exception cref="MalformedDataException">Not the DER of RequesterCertificate.</exception>
    public static RelatedCertificateRequest Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var sequence = outer.ReadSequence("RequesterCertificate");
        outer.End("RequesterCertificate");
        var certId = sequence.ReadElement(DerTag.Sequence, "certID");
        var id = sequence.Inside(certId).ReadSequence("certID");
        var issuer = X500Name.Read(ref id, "issuer");
        var serial = id.ReadIntegerContent("serialNumber");
        id.End("certID");
        var encodedTime = sequence.ReadElement(DerTag.Integer, "requestTime");
        var seconds = new DerReader(encodedTime).ReadInt64("requestTime");
        if (seconds < 0 || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            throw sequence.Malformed("requestTime: not a number of seconds since 1970 (RFC 6019 §2)");
        }

        var locations = ReadLocations(sequence.ReadSequence("locationInfo"));
        var signature = sequence.ReadBitStringOctets("signature");
        sequence.End("RequesterCertificate");
        // §3.1: "a digital signature over the concatenation of DER-encoded IssuerAndSerialNumber and BinaryTime", as they came.
        return new RelatedCertificateRequest([.. certId.Span, .. encodedTime.Span], issuer, serial, DateTimeOffset.FromUnixTimeSeconds(seconds), locations, signature);
    }

    private static List<string> ReadLocations(DerReader list)
    {
        if (list.IsEmpty)
        {
            throw list.Malformed("locationInfo: empty");
        }

        var locations = new List<string>(1);
        while (!list.IsEmpty)
        {
            if (locations.Count == Limits.ExtensionItems)
            {
                throw list.Malformed($"locationInfo: more than {Limits.ExtensionItems}");
            }

            locations.Add(list.ReadString(DerTag.Ia5String, DerTag.Ia5String, "locationInfo"));
        }

        return locations;
    }

    private static byte[] EncodeId(Certificate related)
    {
        using var writer = new DerWriter(256);
        using (writer.Sequence())
        {
            writer.WriteEncoded(related.Issuer.Der.Span);
            writer.Write(DerTag.Integer, related.SerialNumber.Span);
        }

        return writer.ToArray();
    }

    private static byte[] EncodeTime(DateTimeOffset time)
    {
        using var writer = new DerWriter(16);
        writer.WriteInteger(time.ToUnixTimeSeconds());
        return writer.ToArray();
    }

    private static byte[]? Decode(ReadOnlySpan<char> base64)
    {
        var octets = new byte[(base64.Length / 4 * 3) + 3];
        return Convert.TryFromBase64Chars(base64, octets, out var count) && count > 0 ? octets[..count] : null;
    }
}
