namespace AgentPki.Cryptography.Providers.Composite;

/// <summary>Composite signatures over any two keys that can make their halves (draft-ietf-lamps-pq-composite-sigs-19 §3).</summary>
internal static class CompositeSignature
{
    /// <summary>Composite-ML-DSA.Sign (draft §3.2).</summary>
    public static async ValueTask<byte[]> SignAsync(
        KeyAlgorithm algorithm, ISigningKey mlDsa, ISigningKey traditional, ReadOnlyMemory<byte> message, ReadOnlyMemory<byte> context, CancellationToken cancellationToken)
    {
        // 2. Compute the Message representative M'.
        var representative = CompositeMessage.Represent(Definition(algorithm), message.Span, context.Span);

        // 4. Generate the two component signatures independently. Where each has a token of its own, both work at the same time.
        var first = mlDsa.SignAsync(SignatureAlgorithm.MlDsaHalfOf(algorithm), representative, cancellationToken).AsTask();
        var second = traditional.SignAsync(SignatureAlgorithm.TraditionalHalfOf(algorithm), representative, cancellationToken).AsTask();
        var signatures = await Task.WhenAll(first, second);

        // 6. s = mldsaSig || tradSig
        return [.. signatures[0], .. signatures[1]];
    }

    /// <summary>As <see cref="SignAsync"/>, with two keys in this process.</summary>
    public static byte[] Sign(KeyAlgorithm algorithm, SoftwareSigningKey mlDsa, SoftwareSigningKey traditional, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context)
    {
        var representative = CompositeMessage.Represent(Definition(algorithm), message, context);
        return
        [
            .. mlDsa.Sign(SignatureAlgorithm.MlDsaHalfOf(algorithm), representative),
            .. traditional.Sign(SignatureAlgorithm.TraditionalHalfOf(algorithm), representative),
        ];
    }

    /// <summary>Composite-ML-DSA.Verify (draft §3.3): true only when both halves are right.</summary>
    public static bool Verify(CryptoProviders halves, PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> context) =>
        // 4. Check each component signature; if any fails, the entire validation fails. The cheap half goes first.
        TryOpen(key, message, signature, context, out var opened) && opened.VerifyTraditional(halves) && opened.VerifyMlDsa(halves);

    /// <summary>Which half is right, with an empty context: for a diagnosis. A signature is good when both are.</summary>
    public static (bool MlDsa, bool Traditional) VerifyEach(CryptoProviders halves, PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        TryOpen(key, message, signature, default, out var opened) ? (opened.VerifyMlDsa(halves), opened.VerifyTraditional(halves)) : (false, false);

    private static bool TryOpen(PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> context, out Opened opened)
    {
        opened = default;
        if (key.Algorithm.Composite is not { } parts || context.Length > CompositeMessage.MaximumContext || !key.TryGetHalves(out var mlDsa, out var traditional))
        {
            return false;
        }

        // 2. Separate the signatures: the ML-DSA one has a fixed length.
        var split = parts.MlDsa.SignatureSize;
        if (signature.Length <= split)
        {
            return false;
        }

        // 3. Compute M'.
        opened = new Opened(key.Algorithm, mlDsa, traditional, CompositeMessage.Represent(parts, message, context), signature[..split], signature[split..]);
        return true;
    }

    private static CompositeDefinition Definition(KeyAlgorithm algorithm) =>
        algorithm.Composite ?? throw new ArgumentException($"{algorithm} is not a composite.", nameof(algorithm));

    private readonly ref struct Opened(
        KeyAlgorithm algorithm, PublicKey mlDsa, PublicKey traditional, byte[] representative, ReadOnlySpan<byte> mlDsaSignature, ReadOnlySpan<byte> traditionalSignature)
    {
        private readonly ReadOnlySpan<byte> _mlDsaSignature = mlDsaSignature;
        private readonly ReadOnlySpan<byte> _traditionalSignature = traditionalSignature;

        public bool VerifyMlDsa(CryptoProviders halves) => halves.Verify(mlDsa, SignatureAlgorithm.MlDsaHalfOf(algorithm), representative, _mlDsaSignature);

        public bool VerifyTraditional(CryptoProviders halves) => halves.Verify(traditional, SignatureAlgorithm.TraditionalHalfOf(algorithm), representative, _traditionalSignature);
    }
}
