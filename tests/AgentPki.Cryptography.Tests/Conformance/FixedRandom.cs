using Org.BouncyCastle.Security;

namespace AgentPki.Cryptography.Tests.Conformance;

/// <summary>A source of the octets that a vector says were drawn, in that order.</summary>
internal sealed class FixedRandom(params byte[][] octets) : SecureRandom(null)
{
    private readonly byte[] _octets = [.. octets.SelectMany(o => o)];
    private int _used;

    public override void NextBytes(byte[] buf) => NextBytes(buf.AsSpan());

    public override void NextBytes(byte[] buf, int off, int len) => NextBytes(buf.AsSpan(off, len));

    public override void NextBytes(Span<byte> buffer)
    {
        _octets.AsSpan(_used, buffer.Length).CopyTo(buffer);
        _used += buffer.Length;
    }
}
