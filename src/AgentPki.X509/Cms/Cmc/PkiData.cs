using System.Diagnostics.CodeAnalysis;
using AgentPki.X509.Der;
using AgentPki.X509.Requests;

namespace AgentPki.X509.Cms.Cmc;

/// <summary>One TaggedRequest (RFC 5272 §3.2.1.2). Closed.</summary>
public abstract record TaggedRequest(uint BodyPartId)
{
    /// <summary>tcr: a PKCS#10 request. It exists also when the request is one this appliance cannot take: then the error is set.</summary>
    public sealed record CertificationRequest(uint BodyPartId, Pkcs10Request? Request, RequestError? Error) : TaggedRequest(BodyPartId);

    /// <summary>crm: a CRMF request (RFC 4211), which this appliance does not process.</summary>
    public sealed record CertificateRequestMessage(uint BodyPartId) : TaggedRequest(BodyPartId);

    /// <summary>orm: another kind of request, named by its OID, which this appliance does not process.</summary>
    public sealed record Other(uint BodyPartId, string Type) : TaggedRequest(BodyPartId);
}

/// <summary>One control attribute (RFC 5272 §3.2.1.1): a number to refer to it by, its type, and its values as DER elements.</summary>
public sealed record TaggedAttribute(uint BodyPartId, string Type, IReadOnlyList<ReadOnlyMemory<byte>> Values);

/// <summary>RFC 5272 §3.2.1 PKIData: the content of a Full PKI Request.</summary>
public sealed class PkiData
{
    private PkiData(IReadOnlyList<TaggedAttribute> controls, IReadOnlyList<TaggedRequest> requests) => (Controls, Requests) = (controls, requests);

    public IReadOnlyList<TaggedAttribute> Controls { get; }

    public IReadOnlyList<TaggedRequest> Requests { get; }

    /// <summary>Whether there are nested messages or other ones, which this appliance does not process.</summary>
    public bool HasNestedMessages { get; private init; }

    /// <summary>The TransactionId control's INTEGER content octets; empty when absent (RFC 5272 §6.6).</summary>
    public ReadOnlyMemory<byte> TransactionId => Single(CmcOids.TransactionId) is { } value ? new DerReader(value).ReadIntegerContent("transactionId") : default;

    /// <summary>The SenderNonce control's octets; empty when absent.</summary>
    public ReadOnlyMemory<byte> SenderNonce => Single(CmcOids.SenderNonce) is { } value ? new DerReader(value).ReadOctetString("senderNonce") : default;

    /// <exception cref="MalformedDataException">Not the DER of a PKIData.</exception>
    public static PkiData Parse(ReadOnlyMemory<byte> der)
    {
        var outer = new DerReader(der);
        var reader = outer.ReadSequence("PKIData");
        outer.End("PKIData");
        var controls = ReadControls(reader.ReadSequence("controlSequence"));
        var requests = ReadRequests(reader.ReadSequence("reqSequence"));
        var nested = !reader.ReadSequence("cmsSequence").IsEmpty | !reader.ReadSequence("otherMsgSequence").IsEmpty;
        reader.End("PKIData");
        var data = new PkiData(controls, requests) { HasNestedMessages = nested };
        // Both are read here once, so that a malformed one is found where malformed requests are.
        _ = (data.TransactionId, data.SenderNonce);
        return data;
    }

    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out PkiData? data, [NotNullWhen(false)] out string? error)
    {
        try
        {
            (data, error) = (Parse(der), null);
            return true;
        }
        catch (MalformedDataException e)
        {
            (data, error) = (null, e.Message);
            return false;
        }
    }

    /// <summary>A PKIData with PKCS#10 requests numbered from 1, and the given controls after them: what a client sends.</summary>
    public static byte[] Encode(IEnumerable<ReadOnlyMemory<byte>> requests, ReadOnlySpan<byte> senderNonce = default, long? transactionId = null)
    {
        var all = requests.ToArray();
        using var writer = new DerWriter(4096);
        using (writer.Sequence())
        {
            using (writer.Sequence())
            {
                var next = all.Length + 1;
                if (transactionId is { } id)
                {
                    WriteControl(writer, next++, CmcOids.TransactionId, w => w.WriteInteger(id));
                }

                if (!senderNonce.IsEmpty)
                {
                    var nonce = senderNonce.ToArray();
                    WriteControl(writer, next, CmcOids.SenderNonce, w => w.WriteOctetString(nonce));
                }
            }

            using (writer.Sequence())
            {
                for (var i = 0; i < all.Length; i++)
                {
                    // tcr [0] IMPLICIT TaggedCertificationRequest
                    using var request = writer.Constructed(DerTag.ContextConstructed(0));
                    writer.WriteInteger(i + 1);
                    writer.WriteEncoded(all[i].Span);
                }
            }

            writer.Write(DerTag.Sequence, []);
            writer.Write(DerTag.Sequence, []);
        }

        return writer.ToArray();
    }

    internal static void WriteControl(DerWriter writer, long bodyPartId, string type, Action<DerWriter> value)
    {
        using var control = writer.Sequence();
        writer.WriteInteger(bodyPartId);
        writer.WriteOid(type);
        using var values = writer.SetOf();
        value(writer);
    }

    internal static List<TaggedAttribute> ReadControls(DerReader sequence)
    {
        var controls = new List<TaggedAttribute>(2);
        while (!sequence.IsEmpty)
        {
            if (controls.Count == Limits.Attributes)
            {
                throw sequence.Malformed($"controlSequence: more than {Limits.Attributes}");
            }

            var control = sequence.ReadSequence("TaggedAttribute");
            var id = ReadBodyPartId(ref control);
            var type = control.ReadOid("attrType");
            var set = control.ReadSet("attrValues");
            var values = new List<ReadOnlyMemory<byte>>(1);
            while (!set.IsEmpty)
            {
                values.Add(values.Count < Limits.Attributes ? set.ReadElement("attrValue") : throw set.Malformed("attrValues: too many"));
            }

            control.End("TaggedAttribute");
            controls.Add(new TaggedAttribute(id, type, values));
        }

        return controls;
    }

    private static List<TaggedRequest> ReadRequests(DerReader sequence)
    {
        var requests = new List<TaggedRequest>(1);
        while (!sequence.IsEmpty)
        {
            if (requests.Count == Limits.CmsParties)
            {
                throw sequence.Malformed($"reqSequence: more than {Limits.CmsParties} requests");
            }

            requests.Add(ReadRequest(ref sequence));
        }

        return requests;
    }

    private static TaggedRequest ReadRequest(ref DerReader sequence)
    {
        switch (sequence.NextTag)
        {
            case 0xA0:
                var tagged = sequence.ReadConstructed(0xA0, "tcr");
                var id = ReadBodyPartId(ref tagged);
                var encoded = tagged.ReadElement(DerTag.Sequence, "certificationRequest");
                tagged.End("tcr");
                return Pkcs10Request.TryParse(encoded, out var request, out var error)
                    ? new TaggedRequest.CertificationRequest(id, request, null)
                    : new TaggedRequest.CertificationRequest(id, null, error);
            case 0xA1:
                // CertReqMsg ::= SEQUENCE { certReq CertRequest { certReqId INTEGER, ... }, ... }; certReqId is its body part (RFC 5272 §3.2.1.2.2).
                var message = sequence.ReadConstructed(0xA1, "crm");
                var inner = message.ReadSequence("certReq");
                return new TaggedRequest.CertificateRequestMessage(ReadBodyPartId(ref inner));
            default:
                var other = sequence.ReadConstructed(0xA2, "orm");
                return new TaggedRequest.Other(ReadBodyPartId(ref other), other.ReadOid("requestMessageType"));
        }
    }

    // BodyPartID ::= INTEGER (0..4294967295)
    private static uint ReadBodyPartId(ref DerReader reader)
    {
        var value = reader.ReadInt64("bodyPartID");
        return value is >= 0 and <= uint.MaxValue ? (uint)value : throw reader.Malformed("bodyPartID: not between 0 and 4294967295");
    }

    private ReadOnlyMemory<byte>? Single(string type) => Controls.Where(c => c.Type == type).ToArray() switch
    {
        // Cast, because a bare null would become an empty memory.
        [] => (ReadOnlyMemory<byte>?)null,
        [{ Values: [var only] }] => only,
        _ => throw new MalformedDataException($"controlSequence: control {type} occurs more than once or does not have one value"),
    };
}
