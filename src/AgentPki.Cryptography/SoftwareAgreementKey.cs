using System.Security.Cryptography;

namespace AgentPki.Cryptography;

/// <summary>An ECDH key in process memory.</summary>
public sealed class SoftwareAgreementKey : IAgreementKey
{
    private readonly ECDiffieHellman _key;

    /// <param name="key">On P-256 or P-384; disposed with this.</param>
    /// <exception cref="ArgumentException">On another curve.</exception>
    public SoftwareAgreementKey(KeyReference reference, KeyPurpose purpose, ECDiffieHellman key)
    {
        PublicKey = PublicKey.Parse(key.ExportSubjectPublicKeyInfo());
        if (!Algorithm.CanAgree)
        {
            throw new ArgumentException($"A key of {Algorithm} agrees on nothing; keys on P-256 and P-384 do.", nameof(key));
        }

        (_key, Reference, Purpose) = (key, reference, purpose);
    }

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm => PublicKey.Algorithm;

    public KeyPurpose Purpose { get; }

    public KeyProtection Protection => KeyProtection.Software;

    public PublicKey PublicKey { get; }

    public ValueTask<byte[]> AgreeAsync(PublicKey peer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (peer.Algorithm != Algorithm)
        {
            throw new ArgumentException($"A key of {Algorithm} agrees on nothing with one of {peer.Algorithm}.", nameof(peer));
        }

        using var theirs = ECDiffieHellman.Create();
        theirs.ImportSubjectPublicKeyInfo(peer.SubjectPublicKeyInfo.Span, out _);
        using var publicKey = theirs.PublicKey;
        return ValueTask.FromResult(_key.DeriveRawSecretAgreement(publicKey));
    }

    public ValueTask DisposeAsync()
    {
        _key.Dispose();
        return ValueTask.CompletedTask;
    }
}
