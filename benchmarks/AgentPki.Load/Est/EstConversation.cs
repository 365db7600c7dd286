using AgentPki.Load.Driving;
using AgentPki.Load.Http;

namespace AgentPki.Load.Est;

/// <summary>
/// One enrolling client. Every answer is decoded and must hold a certificate for the key that was asked for; every
/// <paramref name="sampleEvery"/>th is kept for <see cref="IssuedSamples"/> to verify in full after the clock has stopped.
/// </summary>
internal sealed class EstConversation(LoopbackTarget target, TlsSettings tls, EnrollmentPool pool, IssuedSamples samples, int sampleEvery) : Conversation
{
    private readonly byte[] _der = new byte[64 * 1024];
    private readonly List<byte[]> _serials = samples.NewSerialList();
    private PreparedEnrollment? _asked;
    private long _answers;

    internal override HttpConnection Open() => HttpConnection.Open(target, tls);

    internal override ReadOnlyMemory<byte> Next() => (_asked = pool.Next()).Request;

    internal override string? Examine(in HttpAnswer answer, bool measured)
    {
        if (_asked is not { } asked)
            throw new InvalidOperationException("An answer came before any request.");
        if (answer.Status != 200)
            return $"status {answer.Status}";
        if (HttpConnection.HeaderValue(answer.Head.Span, "content-type"u8).IndexOf("application/pkcs7-mime"u8) != 0)
            return "wrong media type";
        if (!CertsOnly.TryDecode(answer.Body.Span, _der, out int length))
            return "answer is not base64";
        ReadOnlySpan<byte> der = _der.AsSpan(0, length);
        if (der.IndexOf(asked.PublicKey) < 0)
            return "no certificate for the key that was asked for";
        if (!IssuedSamples.TryFindSerial(der, out ReadOnlySpan<byte> serial))
            return "no certificate in the answer";
        _serials.Add(serial.ToArray());
        if (_answers++ % sampleEvery == 0)
            samples.Keep(der.ToArray(), asked);
        return null;
    }
}
