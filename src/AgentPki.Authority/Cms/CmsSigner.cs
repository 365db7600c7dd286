using AgentPki.Authority.Issuance;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;

namespace AgentPki.Authority.Cms;

/// <summary>
/// The appliance as signer of CMS messages: PKI responses (RFC 5272) and the key packages of EST serverkeygen (RFC 7030 §4.4.2). Its key signs nothing
/// else.
/// </summary>
public sealed class CmsSigner : IAsyncDisposable
{
    private readonly ISigningKey _key;
    private readonly KeyWatch _watch = new();
    private long _checkedEpoch;
    private readonly SignedDataOptions _options;

    internal CmsSigner(ISigningKey key, Certificate certificate, IReadOnlyList<Certificate> chain)
    {
        (_key, Certificate) = (key, certificate);
        // The root is what the reader trusts already (or not).
        _options = new SignedDataOptions { Certificates = [.. chain.SkipLast(1)] };
    }

    public Certificate Certificate { get; }

    /// <summary>Whether its key could not sign when it was last asked: another signer, with a key elsewhere, is wanted.</summary>
    internal bool IsAway => _watch.IsAway;

    /// <summary>The revocation epoch as of which its certificate was known to be good.</summary>
    internal long CheckedEpoch
    {
        get => Volatile.Read(ref _checkedEpoch);
        set => Volatile.Write(ref _checkedEpoch, value);
    }

    /// <summary>A ContentInfo with a PKIResponse (RFC 5272 §3.2.2), signed.</summary>
    /// <param name="response">The DER PKIResponse.</param>
    /// <param name="certificates">Certificates to send along: what was issued, and its chain.</param>
    /// <exception cref="KeyUnavailableException">The token cannot sign now.</exception>
    public ValueTask<byte[]> SignPkiResponseAsync(ReadOnlyMemory<byte> response, IReadOnlyList<Certificate> certificates, CancellationToken cancellationToken) =>
        _watch.WatchAsync(SignedData.CreateAsync(Oids.CmcPkiResponse, response, _key, Certificate, _options with { Certificates = [.. _options.Certificates, .. certificates] }, cancellationToken));

    /// <summary>A SignedData, without a ContentInfo, with an AsymmetricKeyPackage (RFC 5958 §2), signed: what goes into an envelope.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign now.</exception>
    public ValueTask<byte[]> SignKeyPackageAsync(ReadOnlyMemory<byte> package, CancellationToken cancellationToken) =>
        _watch.WatchAsync(SignedData.CreateContentAsync(Oids.AsymmetricKeyPackage, package, _key, Certificate, _options, cancellationToken));

    public ValueTask DisposeAsync() => _key.DisposeAsync();
}
