using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>ML-DSA (FIPS 204 §5.3) in the platform's library.</summary>
internal sealed class MlDsaVerifier(PublicKey key) : PlatformVerifier
{
    private readonly MLDsa _key = MLDsa.ImportMLDsaPublicKey(PlatformPostQuantum.MlDsa[key.Algorithm], key.KeyBits.Span);

    public override bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == _key.Algorithm.SignatureSizeInBytes && _key.VerifyData(message, signature, algorithm.Context.Span);

    public override void Dispose() => _key.Dispose();
}

#pragma warning disable SYSLIB5006 // SlhDsa is marked experimental; see PlatformPostQuantum

/// <summary>SLH-DSA (FIPS 205 §10.3) in the platform's library.</summary>
internal sealed class SlhDsaVerifier(PublicKey key) : PlatformVerifier
{
    private readonly SlhDsa _key = SlhDsa.ImportSlhDsaPublicKey(PlatformPostQuantum.SlhDsa[key.Algorithm], key.KeyBits.Span);

    public override bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == _key.Algorithm.SignatureSizeInBytes && _key.VerifyData(message, signature, algorithm.Context.Span);

    public override void Dispose() => _key.Dispose();
}
