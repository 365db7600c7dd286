using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Cryptography;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Tls;

/// <summary>Asks the appliance's own issuing CA for its TLS certificate.</summary>
/// <returns>The certificate, then its issuer's.</returns>
public delegate Task<IReadOnlyList<Certificate>> TlsIssuance(ISigningKey key, IReadOnlyList<GeneralName> names, CancellationToken cancellationToken);

/// <summary>What became of a look at the TLS certificate.</summary>
public enum TlsRenewal
{
    /// <summary>It is good for a while yet.</summary>
    Kept,

    /// <summary>There is another one now.</summary>
    Renewed,

    /// <summary>Another is due and could not be had; the old one is served on, and the next look tries again.</summary>
    Failed,
}

/// <summary>
/// Keeps the appliance's TLS certificate: reads it at start, has it issued when there is no good one, renews it while running, and when another CA has become
/// the one that issues it.
/// </summary>
/// <param name="issuing">The certificate of the CA that issues it now.</param>
public sealed class TlsCertificateKeeper(
    TlsSlot slot, ApplianceOptions options, IKeyWrapper wrapper, Func<Certificate> issuing, TlsIssuance issue, TimeProvider clock, ILogger<TlsCertificateKeeper> logger) : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private readonly IReadOnlyList<GeneralName> _names = TlsNames.Of(options.Listen);
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>The certificate to serve with: the kept one while it is fresh, else a new one.</summary>
    public async Task<(TlsIdentity Identity, bool IsNew)> LoadAsync(CancellationToken cancellationToken)
    {
        await using var kept = await TlsKeyFile.TryReadAsync(slot, wrapper, cancellationToken);
        if (kept is not null && Pem.TryReadCertificates(slot.CertificateFile) is [var leaf, ..] chain && IsFresh(leaf, kept))
        {
            var (certificate, intermediates) = Platform(chain, kept);
            return (new TlsIdentity(certificate, intermediates), false);
        }

        // With a key of its own, as every renewal: the kept one may be blocked by now, and then nothing would ever be issued for it.
        var (made, rest) = await IssueAsync(cancellationToken);
        return (new TlsIdentity(made, rest), true);
    }

    /// <summary>Renews while running, until cancelled. What fails is tried again a minute later: the old certificate is still good then.</summary>
    /// <param name="looked">Told what became of each look.</param>
    public async Task KeepAsync(TlsIdentity identity, Action<TlsRenewal> looked, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await NextAsync(timer, cancellationToken))
        {
            looked(await RenewAsync(identity, CancellationToken.None)); // once begun it is finished
        }
    }

    /// <summary>Renews it now if that is due, or if another CA issues it than did.</summary>
    public async Task<TlsRenewal> RenewAsync(TlsIdentity identity, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var current = Certificate.Parse(identity.Certificate.RawData);
            if (IsOf(current, issuing()) && !IsDue(current.NotBefore, current.NotAfter))
            {
                return TlsRenewal.Kept;
            }

            // A new key with each certificate: whoever got hold of the old one loses it.
            var (certificate, intermediates) = await IssueAsync(cancellationToken);
            identity.Replace(certificate, intermediates);
            Log.TlsRenewed(logger, certificate.NotAfter);
            return TlsRenewal.Renewed;
        }
#pragma warning disable CA1031 // Whatever it was, renewal is tried again while the old certificate is still good.
        catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Log.TlsRenewalFailed(logger, error, identity.Certificate.NotAfter);
            return TlsRenewal.Failed;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    /// <summary>Due when less is left than configured, or than a third of its life if that is shorter.</summary>
    internal bool IsDue(DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var third = (notAfter - notBefore) / 3;
        return notAfter - clock.GetUtcNow() < (third < options.Tls.RenewBefore ? third : options.Tls.RenewBefore);
    }

    private bool IsFresh(Certificate leaf, ISigningKey key) =>
        leaf.PublicKey.Equals(key.PublicKey) && leaf.IsValidAt(clock.GetUtcNow()) && !IsDue(leaf.NotBefore, leaf.NotAfter) && IsOf(leaf, issuing()) && _names.All(leaf.SubjectAlternativeNames.Contains);

    private static bool IsOf(Certificate leaf, Certificate authority) => leaf.AuthorityKeyIdentifier.Span.SequenceEqual(authority.SubjectKeyIdentifier.Span);

    private async Task<(X509Certificate2 Certificate, X509Certificate2Collection Intermediates)> IssueAsync(CancellationToken cancellationToken)
    {
        await using var key = await TlsKeyFile.CreateAsync(slot, wrapper, cancellationToken);
        var chain = await issue(key, _names, cancellationToken);
        PrivateFile.Write(slot.CertificateFile, Pem.Encode(chain));
        return Platform(chain, key);
    }

    /// <summary>The certificate with its key as Kestrel wants it; the chain without the root, which clients have (RFC 8446 §4.4.2).</summary>
    private static (X509Certificate2 Certificate, X509Certificate2Collection Intermediates) Platform(IReadOnlyList<Certificate> chain, SoftwareSigningKey key)
    {
        var pkcs8 = key.ExportPkcs8();
        try
        {
            using var bare = X509CertificateLoader.LoadCertificate(chain[0].Der.Span);
            return (WithKey(bare, key.Algorithm, pkcs8), [.. chain.Skip(1).Where(c => !c.IsSelfIssued).Select(c => X509CertificateLoader.LoadCertificate(c.Der.Span))]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, KeyAlgorithm algorithm, byte[] pkcs8)
    {
        if (algorithm.Family == AlgorithmFamily.MlDsa)
        {
#pragma warning disable SYSLIB5006 // Marked experimental in .NET 10; used where TlsPlatform.IsPostQuantum alone.
            using var mlDsa = MLDsa.ImportPkcs8PrivateKey(pkcs8);
            return certificate.CopyWithPrivateKey(mlDsa);
#pragma warning restore SYSLIB5006
        }

        using var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);
        return certificate.CopyWithPrivateKey(ecdsa);
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
