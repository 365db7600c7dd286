using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Wrapped;

/// <summary>
/// One wrapped key as it lies on disk: what the key is, in the clear, and its secret, encrypted with all of that as associated data. Whoever changes a
/// word of it, or puts one key's secret into another's file, has a file that does not open.
/// </summary>
/// <remarks>
/// <c>AGENTPKI-WRAPPED</c>, one octet of version, then seven fields, each behind its length (two octets, big-endian): provider, label, algorithm, purpose,
/// wrapping key (ASCII), SubjectPublicKeyInfo (DER), wrapped secret (IV ‖ ciphertext ‖ tag). The associated data are the same octets up to the wrapping
/// key, then SHA-256 of the SubjectPublicKeyInfo. The secret is that of <see cref="Cryptography.Providers.Pinned.PinnedKey.SecretSize"/>.
/// </remarks>
internal sealed record WrappedKeyFile(KeyReference Reference, KeyPurpose Purpose, string WrappedBy, PublicKey PublicKey, ReadOnlyMemory<byte> WrappedSecret)
{
    /// <summary>No file is longer: ML-DSA-87's public key, a wrapped secret of 96 octets and six names stay far below.</summary>
    public const int LongestFile = 16 * 1024;

    private const byte Version = 1;

    private static ReadOnlySpan<byte> Magic => "AGENTPKI-WRAPPED"u8;

    /// <summary>What the wrapped secret is bound to.</summary>
    public byte[] AssociatedData() => [.. Names(), .. SHA256.HashData(PublicKey.SubjectPublicKeyInfo.Span)];

    public byte[] Encode()
    {
        var file = Names();
        AddField(file, PublicKey.SubjectPublicKeyInfo.Span);
        AddField(file, WrappedSecret.Span);
        return [.. file];
    }

    /// <summary>Parses strictly: every field in its one valid form, nothing behind the last.</summary>
    /// <param name="problem">What is wrong, as the end of a sentence that begins with the file.</param>
    public static WrappedKeyFile? TryParse(ReadOnlyMemory<byte> file, out string problem)
    {
        problem = "";
        var rest = file;
        if (rest.Length <= Magic.Length || !rest.Span.StartsWith(Magic))
        {
            problem = "is no wrapped key";
            return null;
        }

        if (rest.Span[Magic.Length] != Version)
        {
            problem = $"is of version {rest.Span[Magic.Length]}, which this build does not know";
            return null;
        }

        rest = rest[(Magic.Length + 1)..];
        var names = new string[5];
        for (var i = 0; i < names.Length; i++)
        {
            if (!TryTake(ref rest, out var field) || field.Length > 255 || !Ascii.IsValid(field.Span))
            {
                problem = "is cut off or damaged";
                return null;
            }

            names[i] = Encoding.ASCII.GetString(field.Span);
        }

        if (!TryTake(ref rest, out var spki) || !TryTake(ref rest, out var secret) || !rest.IsEmpty)
        {
            problem = rest.IsEmpty ? "is cut off" : "is cut off or damaged";
            return null;
        }

        if (!PublicKey.TryParse(spki, out var publicKey, out var error))
        {
            problem = $"is damaged: {error}";
            return null;
        }

        if (publicKey.Algorithm.Name != names[2] || !KeyNaming.TryParsePurpose(names[3], out var purpose))
        {
            problem = $"was changed: it speaks of a {names[2]} key for '{names[3]}' and holds a public key of kind {publicKey.Algorithm}";
            return null;
        }

        return new(new(names[0], names[1]), purpose, names[4], publicKey, secret);
    }

    private List<byte> Names()
    {
        List<byte> file = [.. Magic, Version];
        foreach (var name in (string[])[Reference.Provider, Reference.Label, PublicKey.Algorithm.Name, KeyNaming.PurposeName(Purpose), WrappedBy])
        {
            AddField(file, Encoding.ASCII.GetBytes(name));
        }

        return file;
    }

    private static void AddField(List<byte> file, ReadOnlySpan<byte> field)
    {
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)field.Length));
        file.AddRange(length);
        file.AddRange(field);
    }

    private static bool TryTake(ref ReadOnlyMemory<byte> rest, out ReadOnlyMemory<byte> field)
    {
        field = default;
        if (rest.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(rest.Span) is var length && rest.Length - 2 < length)
        {
            return false;
        }

        field = rest.Slice(2, length);
        rest = rest[(2 + length)..];
        return true;
    }
}
