using System.Diagnostics.CodeAnalysis;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Ocsp;

/// <summary>An OCSPRequest (RFC 6960 §4.1.1) with one or more questions. A signature on it is read over: whoever may ask needs none here.</summary>
public sealed class OcspRequest
{
    private OcspRequest(IReadOnlyList<CertId> certificates, ReadOnlyMemory<byte> nonce) => (Certificates, Nonce) = (certificates, nonce);

    /// <summary>At least one, at most <see cref="Limits.OcspRequests"/>.</summary>
    public IReadOnlyList<CertId> Certificates { get; }

    /// <summary>RFC 9654 §2.1: 1 to 128 octets, repeated in the response; empty when the client sent none.</summary>
    public ReadOnlyMemory<byte> Nonce { get; }

    /// <exception cref="MalformedDataException">Not an OCSPRequest, or one with a critical extension unknown here.</exception>
    public static OcspRequest Parse(ReadOnlyMemory<byte> der)
    {
        if (der.Length > Limits.OcspRequestOctets)
        {
            throw new MalformedDataException($"OCSPRequest: {der.Length} octets; at most {Limits.OcspRequestOctets} are taken");
        }

        var outer = new DerReader(der.ToArray());
        var sequence = outer.ReadSequence("OCSPRequest");
        outer.End("OCSPRequest");
        var request = ReadTbs(sequence.ReadSequence("tbsRequest"));
        if (sequence.NextIs(DerTag.ContextConstructed(0)))
        {
            sequence.ReadElement(DerTag.ContextConstructed(0), "optionalSignature");
        }

        sequence.End("OCSPRequest");
        return request;
    }

    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out OcspRequest? request, [NotNullWhen(false)] out string? error)
    {
        try
        {
            (request, error) = (Parse(der), null);
            return true;
        }
        catch (MalformedDataException e)
        {
            (request, error) = (null, e.Message);
            return false;
        }
    }

    /// <summary>An unsigned request; a nonce of 32 octets is the advice of RFC 9654 §2.1, none when empty.</summary>
    public static byte[] Encode(IEnumerable<CertId> certificates, ReadOnlySpan<byte> nonce = default)
    {
        using var writer = new DerWriter(512);
        using (writer.Sequence())
        {
            using var tbs = writer.Sequence();
            using (writer.Sequence())
            {
                foreach (var certificate in certificates)
                {
                    using var request = writer.Sequence();
                    writer.WriteEncoded(certificate.Encoded.Span);
                }
            }

            if (!nonce.IsEmpty)
            {
                using var extensions = writer.Constructed(DerTag.ContextConstructed(2));
                X509Extension.WriteAll(writer, [NonceExtension(nonce)]);
            }
        }

        return writer.ToArray();
    }

    /// <summary>id-pkix-ocsp-nonce with this value, for a request or a response.</summary>
    internal static X509Extension NonceExtension(ReadOnlySpan<byte> nonce)
    {
        using var writer = new DerWriter(160);
        writer.WriteOctetString(nonce);
        return new X509Extension(Oids.OcspNonce, false, writer.ToArray());
    }

    private static OcspRequest ReadTbs(DerReader tbs)
    {
        if (tbs.NextIs(DerTag.ContextConstructed(0)))
        {
            // v1(0) is the default; several clients encode it all the same, and nothing is signed here.
            var version = tbs.ReadConstructed(DerTag.ContextConstructed(0), "version");
            version.ReadInt32("version", 0, 0);
            version.End("version");
        }

        if (tbs.NextIs(DerTag.ContextConstructed(1)))
        {
            var name = tbs.ReadConstructed(DerTag.ContextConstructed(1), "requestorName");
            GeneralName.Read(ref name, "requestorName");
            name.End("requestorName");
        }

        var certificates = ReadList(tbs.ReadSequence("requestList"));
        var nonce = ReadExtensions(ref tbs);
        tbs.End("tbsRequest");
        return new OcspRequest(certificates, nonce);
    }

    private static List<CertId> ReadList(DerReader list)
    {
        var certificates = new List<CertId>(1);
        while (!list.IsEmpty)
        {
            if (certificates.Count == Limits.OcspRequests)
            {
                throw list.Malformed($"requestList: more than {Limits.OcspRequests} requests");
            }

            var request = list.ReadSequence("Request");
            certificates.Add(CertId.Read(ref request));
            if (request.NextIs(DerTag.ContextConstructed(0)))
            {
                var tagged = request.ReadConstructed(DerTag.ContextConstructed(0), "singleRequestExtensions");
                RefuseCritical(X509Extension.ReadAll(ref tagged, "singleRequestExtensions"));
                tagged.End("singleRequestExtensions");
            }

            request.End("Request");
        }

        return certificates.Count > 0 ? certificates : throw list.Malformed("requestList: empty");
    }

    private static ReadOnlyMemory<byte> ReadExtensions(ref DerReader tbs)
    {
        if (!tbs.NextIs(DerTag.ContextConstructed(2)))
        {
            return default;
        }

        var tagged = tbs.ReadConstructed(DerTag.ContextConstructed(2), "requestExtensions");
        var extensions = X509Extension.ReadAll(ref tagged, "requestExtensions");
        tagged.End("requestExtensions");
        RefuseCritical(extensions);
        if (X509Extension.FindDuplicate(extensions) is { } duplicate)
        {
            throw tbs.Malformed($"requestExtensions: extension {duplicate} occurs twice");
        }

        return extensions.Find(e => e.Oid == Oids.OcspNonce) is { } extension ? ReadNonce(extension.Value) : default;
    }

    internal static ReadOnlyMemory<byte> ReadNonce(ReadOnlyMemory<byte> value)
    {
        var nonce = ExtensionReaders.OctetString(value, "nonce");
        // RFC 9654 §2.1: OCTET STRING (SIZE(1..128)); an empty or a longer one is a malformed request.
        return nonce.Length is >= 1 and <= 128 ? nonce : throw new MalformedDataException($"nonce: {nonce.Length} octets; 1 to 128 are wanted");
    }

    // RFC 6960 §4.1.2: an unknown critical extension cannot be answered as if it were not there.
    private static void RefuseCritical(List<X509Extension> extensions)
    {
        if (extensions.Find(e => e.Critical && e.Oid != Oids.OcspNonce) is { } unknown)
        {
            throw new MalformedDataException($"requestExtensions: critical extension {unknown.Oid} is not known here");
        }
    }
}
