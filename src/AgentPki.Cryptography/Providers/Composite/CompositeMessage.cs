using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;

namespace AgentPki.Cryptography.Providers.Composite;

/// <summary>What both halves of a composite sign in place of the message (draft-ietf-lamps-pq-composite-sigs-19 §3.2 step 2).</summary>
internal static class CompositeMessage
{
    /// <summary>The longest application context (draft §3.2 step 1).</summary>
    public const int MaximumContext = 255;

    private const int ShakeSize = 64;

    /// <summary>draft §2.2: fixed for every composite, so that neither half can be taken for a signature of its own.</summary>
    private static ReadOnlySpan<byte> Prefix => "CompositeAlgorithmSignatures2025"u8;

    /// <summary>M' := Prefix || Label || len(ctx) || ctx || PH( M ).</summary>
    /// <param name="context">The application's context; empty in everything of X.509.</param>
    /// <exception cref="ArgumentException">The context is too long.</exception>
    public static byte[] Represent(CompositeDefinition parts, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context)
    {
        if (context.Length > MaximumContext)
        {
            throw new ArgumentException($"A composite signature's context has at most {MaximumContext} octets, not {context.Length}.", nameof(context));
        }

        return [.. Prefix, .. parts.Label.Span, (byte)context.Length, .. context, .. Digest(parts.PreHash, message)];
    }

    private static byte[] Digest(CompositePreHash hash, ReadOnlySpan<byte> message) => hash switch
    {
        CompositePreHash.Sha256 => SHA256.HashData(message),
        CompositePreHash.Sha512 => SHA512.HashData(message),
        CompositePreHash.Shake256 => Shake256.IsSupported ? Shake256.HashData(message, ShakeSize) : ManagedShake(message),
    };

    private static byte[] ManagedShake(ReadOnlySpan<byte> message)
    {
        var shake = new ShakeDigest(256);
        shake.BlockUpdate(message);
        var digest = new byte[ShakeSize];
        shake.OutputFinal(digest);
        return digest;
    }
}
