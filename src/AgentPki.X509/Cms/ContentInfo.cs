using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>RFC 5652 §3 ContentInfo: a content type and the content.</summary>
public static class ContentInfo
{
    /// <summary>SEQUENCE { contentType, [0] EXPLICIT content }.</summary>
    public static byte[] Encode(string contentType, ReadOnlySpan<byte> content)
    {
        using var writer = new DerWriter(content.Length + 64);
        using (writer.Sequence())
        {
            writer.WriteOid(contentType);
            using var tagged = writer.Constructed(DerTag.ContextConstructed(0));
            writer.WriteEncoded(content);
        }

        return writer.ToArray();
    }

    /// <summary>
    /// Takes a ContentInfo apart; its content is one DER element. CMS may be BER, and several libraries stream it so: the message is brought into
    /// definite form first.
    /// </summary>
    /// <exception cref="MalformedDataException">Not a ContentInfo, or larger than <see cref="Limits.CmsOctets"/>.</exception>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> message, out string contentType)
    {
        if (message.Length > Limits.CmsOctets)
        {
            throw new MalformedDataException($"ContentInfo: {message.Length} octets; at most {Limits.CmsOctets} are taken");
        }

        var outer = new DerReader(BerConverter.ToDefinite(message));
        var sequence = outer.ReadSequence("ContentInfo");
        outer.End("ContentInfo");
        contentType = sequence.ReadOid("contentType");
        var tagged = sequence.ReadConstructed(DerTag.ContextConstructed(0), "content");
        sequence.End("ContentInfo");
        var content = tagged.ReadElement("content");
        tagged.End("content");
        return content;
    }
}
