using AgentPki.X509.Der;

namespace AgentPki.X509.Cms.Cmc;

/// <summary>RFC 5272 §6.1.1 CMCStatus. The numbers are the wire's; 1 is not used.</summary>
public enum CmcStatus
{
    Success = 0,
    Failed = 2,
    Pending = 3,
    NoSupport = 4,
    ConfirmRequired = 5,
    PopRequired = 6,
    Partial = 7,
}

/// <summary>RFC 5272 §6.1.4 CMCFailInfo. The numbers are the wire's.</summary>
public enum CmcFailure
{
    BadAlgorithm = 0,
    BadMessageCheck = 1,
    BadRequest = 2,
    BadTime = 3,
    BadCertificateId = 4,
    UnsupportedExtension = 5,
    MustArchiveKeys = 6,
    BadIdentity = 7,
    PopRequired = 8,
    PopFailed = 9,
    NoKeyReuse = 10,
    InternalCaError = 11,
    TryLater = 12,
    AuthenticationDataFailure = 13,
}

/// <summary>When and with what to ask again (RFC 5272 §6.1.3 PendInfo).</summary>
public sealed record PendingInfo(ReadOnlyMemory<byte> Token, DateTimeOffset Time);

/// <summary>RFC 5272 §6.1.1 CMCStatusInfoV2: what became of some body parts.</summary>
/// <param name="BodyParts">The numbers of the requests and controls it is about; 0 for the whole message.</param>
/// <param name="Text">One sentence for a person; null for none.</param>
public sealed record CmcStatusInfo(CmcStatus Status, IReadOnlyList<uint> BodyParts, string? Text = null, CmcFailure? Failure = null, PendingInfo? Pending = null)
{
    internal void Write(DerWriter writer)
    {
        using var info = writer.Sequence();
        writer.WriteInteger((int)Status);
        using (writer.Sequence())
        {
            foreach (var part in BodyParts)
            {
                writer.WriteInteger(part);
            }
        }

        if (Text is not null)
        {
            writer.WriteString(DerTag.Utf8String, Text);
        }

        // otherInfo CHOICE { failInfo CMCFailInfo, pendInfo PendInfo, ... }
        if (Failure is { } failure)
        {
            writer.WriteInteger((int)failure);
        }
        else if (Pending is { } pending)
        {
            using var sequence = writer.Sequence();
            writer.WriteOctetString(pending.Token.Span);
            writer.WriteGeneralizedTime(pending.Time);
        }
    }

    internal static CmcStatusInfo Read(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var reader = outer.ReadSequence("CMCStatusInfoV2");
        outer.End("CMCStatusInfoV2");
        var status = (CmcStatus)reader.ReadInt32("cMCStatus", 0, 7);
        var parts = new List<uint>(1);
        var list = reader.ReadSequence("bodyList");
        while (!list.IsEmpty)
        {
            parts.Add(parts.Count < Limits.Attributes ? (uint)list.ReadInt64("bodyPartID") : throw list.Malformed("bodyList: too many"));
        }

        var text = reader.NextIs(DerTag.Utf8String) ? reader.ReadString("statusString") : null;
        CmcFailure? failure = reader.NextIs(DerTag.Integer) ? (CmcFailure)reader.ReadInt32("failInfo", 0, 13) : null;
        PendingInfo? pending = null;
        if (reader.NextIs(DerTag.Sequence))
        {
            var info = reader.ReadSequence("pendInfo");
            pending = new PendingInfo(info.ReadOctetString("pendToken"), info.ReadGeneralizedTime("pendTime"));
            info.End("pendInfo");
        }

        reader.End("CMCStatusInfoV2");
        return new CmcStatusInfo(status, parts, text, failure, pending);
    }
}

/// <summary>RFC 5272 §3.2.2 PKIResponse: the content of a Full PKI Response; the certificates travel in the SignedData around it.</summary>
public sealed record PkiResponse(IReadOnlyList<CmcStatusInfo> Statuses)
{
    /// <summary>Content octets of the TransactionId's INTEGER, repeated from the request; empty for none.</summary>
    public ReadOnlyMemory<byte> TransactionId { get; init; }

    /// <summary>The request's SenderNonce, which a response carries as RecipientNonce (§6.6); empty for none.</summary>
    public ReadOnlyMemory<byte> RecipientNonce { get; init; }

    /// <summary>The DER PKIResponse.</summary>
    public byte[] Encode()
    {
        using var writer = new DerWriter(1024);
        using (writer.Sequence())
        {
            using (writer.Sequence())
            {
                long next = 1;
                foreach (var status in Statuses)
                {
                    PkiData.WriteControl(writer, next++, CmcOids.StatusInfoV2, status.Write);
                }

                if (!TransactionId.IsEmpty)
                {
                    PkiData.WriteControl(writer, next++, CmcOids.TransactionId, w => w.Write(DerTag.Integer, TransactionId.Span));
                }

                if (!RecipientNonce.IsEmpty)
                {
                    PkiData.WriteControl(writer, next, CmcOids.RecipientNonce, w => w.WriteOctetString(RecipientNonce.Span));
                }
            }

            writer.Write(DerTag.Sequence, []);
            writer.Write(DerTag.Sequence, []);
        }

        return writer.ToArray();
    }

    /// <exception cref="MalformedDataException">Not the DER of a PKIResponse.</exception>
    public static PkiResponse Parse(ReadOnlyMemory<byte> der)
    {
        var outer = new DerReader(der);
        var reader = outer.ReadSequence("PKIResponse");
        outer.End("PKIResponse");
        var controls = PkiData.ReadControls(reader.ReadSequence("controlSequence"));
        reader.ReadElement(DerTag.Sequence, "cmsSequence");
        reader.ReadElement(DerTag.Sequence, "otherMsgSequence");
        reader.End("PKIResponse");
        return new PkiResponse([.. controls.Where(c => c.Type == CmcOids.StatusInfoV2).SelectMany(c => c.Values).Select(CmcStatusInfo.Read)])
        {
            TransactionId = First(controls, CmcOids.TransactionId) is { } id ? new DerReader(id).ReadIntegerContent("transactionId") : default,
            RecipientNonce = First(controls, CmcOids.RecipientNonce) is { } nonce ? new DerReader(nonce).ReadOctetString("recipientNonce") : default,
        };
    }

    private static ReadOnlyMemory<byte>? First(List<TaggedAttribute> controls, string type) =>
        controls.Find(c => c.Type == type) is { Values: [var value, ..] } ? value : (ReadOnlyMemory<byte>?)null;
}
