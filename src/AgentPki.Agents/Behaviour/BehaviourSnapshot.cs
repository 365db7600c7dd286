using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Agents.Behaviour;

/// <summary>
/// A <see cref="BehaviourModel"/> as octets, so that what was learnt outlives a process: a mark, a version, the windows that were counted in, the agents, and SHA-256 over all of it. It holds names of
/// agents and digests of what they used. The checksum tells damage, not forgery: whoever writes the file may write it.
/// </summary>
public static class BehaviourSnapshot
{
    private const byte Version = 1;
    private const int Buffer = 1 << 16;

    private static ReadOnlySpan<byte> Mark => "AgentPKI behaviour"u8;

    /// <summary>Writes it where <paramref name="to"/> stands.</summary>
    public static void Write(BehaviourModel model, Stream to)
    {
        using var sha256 = SHA256.Create();
        using (var hashed = new CryptoStream(to, sha256, CryptoStreamMode.Write, leaveOpen: true))
        using (var buffered = new BufferedStream(hashed, Buffer))
        using (var writer = new BinaryWriter(buffered, Encoding.UTF8))
        {
            writer.Write(Mark);
            writer.Write(Version);
            foreach (var detector in Detectors.All)
            {
                writer.Write7BitEncodedInt64(WindowOf(model.Settings, detector));
            }

            model.Save(writer);
        }

        to.Write(sha256.Hash);
    }

    /// <summary>What was written, judged by <paramref name="settings"/> from now on.</summary>
    /// <param name="from">Can seek; from its beginning to its end.</param>
    /// <param name="whyNot">As a clause; null: it was read.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static bool TryRead(Stream from, BehaviourSettings settings, [NotNullWhen(true)] out BehaviourModel? model, [NotNullWhen(false)] out string? whyNot)
    {
        model = null;
        if (!IsWhole(from))
        {
            whyNot = "it is damaged";
            return false;
        }

        from.Position = 0;
        using var reader = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            if (!reader.ReadBytes(Mark.Length).AsSpan().SequenceEqual(Mark) || reader.ReadByte() != Version)
            {
                whyNot = "another version wrote it";
                return false;
            }

            foreach (var detector in Detectors.All)
            {
                if (reader.Read7BitEncodedInt64() != WindowOf(settings, detector))
                {
                    whyNot = $"{detector.Word()} was counted in another window: peaks of minutes say nothing about peaks of hours";
                    return false;
                }
            }

            var read = new BehaviourModel(settings);
            read.Load(reader);
            (model, whyNot) = (read, null);
            return true;
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or FormatException or OverflowException or DecoderFallbackException)
        {
            whyNot = $"it cannot be understood: {failure.Message.TrimEnd('.')}";
            return false;
        }
    }

    private static bool IsWhole(Stream from)
    {
        from.Position = 0;
        var left = from.Length - SHA256.HashSizeInBytes;
        if (left < 0)
        {
            return false;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            while (left > 0 && from.Read(buffer, 0, (int)Math.Min(left, buffer.Length)) is > 0 and var count)
            {
                hash.AppendData(buffer, 0, count);
                left -= count;
            }

            Span<byte> written = stackalloc byte[SHA256.HashSizeInBytes];
            return left == 0 && from.ReadAtLeast(written, written.Length, throwOnEndOfStream: false) == written.Length && written.SequenceEqual(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static long WindowOf(BehaviourSettings settings, Detector detector) => (long)settings.Of(detector).Window.TotalSeconds;
}
