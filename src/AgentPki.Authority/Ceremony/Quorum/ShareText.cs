using System.Diagnostics.CodeAnalysis;
using System.Text;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>
/// What lies in an officer's envelope, in octets and not in text, so that no copy of it is left in a string: <c>APS1</c>, the sealing's id (16), the
/// share's number (1), the threshold (1), the length of the officer's name (1), the name, the share's value.
/// </summary>
internal static class ShareText
{
    private const int HeaderSize = 4 + 16 + 3;

    private static ReadOnlySpan<byte> Magic => "APS1"u8;

    /// <summary>An array that the collector does not move; the caller zeroizes it.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> sealing, string officer, int threshold, SecretShare share)
    {
        var text = PinnedMemory.NewArray(HeaderSize + officer.Length + share.Value.Length);
        Magic.CopyTo(text);
        sealing.CopyTo(text.AsSpan(4));
        (text[20], text[21], text[22]) = (share.Number, (byte)threshold, (byte)officer.Length);
        Encoding.ASCII.GetBytes(officer, text.AsSpan(HeaderSize));
        share.Value.CopyTo(text.AsSpan(HeaderSize + officer.Length));
        return text;
    }

    public static bool TryDecode(ReadOnlySpan<byte> text, [NotNullWhen(true)] out OpenedShare? share)
    {
        share = null;
        if (text.Length <= HeaderSize || !text.StartsWith(Magic) || text.Length <= HeaderSize + text[22])
        {
            return false;
        }

        var value = PinnedMemory.NewArray(text.Length - HeaderSize - text[22]);
        text[(HeaderSize + text[22])..].CopyTo(value);
        share = new OpenedShare(Convert.ToHexStringLower(text.Slice(4, 16)), Encoding.ASCII.GetString(text.Slice(HeaderSize, text[22])), text[21], new SecretShare(text[20], value));
        return true;
    }
}
