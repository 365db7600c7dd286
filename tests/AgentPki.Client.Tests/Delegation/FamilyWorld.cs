using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;
using PlatformKey = System.Security.Cryptography.X509Certificates.PublicKey;

namespace AgentPki.Client.Tests.Delegation;

/// <summary>An agent of a family: its key, its certificate (by .NET's own encoder), and the grants above it.</summary>
internal sealed record Member(ISigningKey Key, Certificate Certificate, AgentPolicy Policy, GrantBundle Bundle);

/// <summary>A CA that certifies whatever it is told, as a careless or broken one would: the verifier alone is to find out.</summary>
internal sealed class FamilyWorld : IDisposable
{
    private static readonly DateTimeOffset Start = new(2027, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _issuingKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _issuing;

    public FamilyWorld()
    {
        _root = Authority("Root", _rootKey).CreateSelfSigned(Start.AddYears(-1), Start.AddYears(9));
        using var issuing = Authority("Issuing", _issuingKey).Create(_root, Start.AddMonths(-1), Start.AddYears(5), RandomNumberGenerator.GetBytes(16));
        _issuing = issuing.CopyWithPrivateKey(_issuingKey);
    }

    public SettableTimeProvider Clock { get; } = new(Start);

    public CryptoProviders Providers { get; } = new([new PlatformProvider()]);

    public Certificate Root => Certificate.Parse(_root.RawData);

    public Certificate Issuing => Certificate.Parse(_issuing.RawData);

    public async Task<Member> RootAgentAsync(string path, AgentPolicy policy)
    {
        var key = await KeyAsync();
        return new Member(key, Issue(key, path, policy), policy, new GrantBundle([], [Issuing]));
    }

    /// <summary>A child; each part of it can be another than it should be.</summary>
    public async Task<Member> ChildAsync(
        Member parent, string path, AgentPolicy granted, AgentPolicy? certified = null, ISigningKey? signer = null, Certificate? signerCertificate = null, ReadOnlyMemory<byte>? parentGrant = null, DateTimeOffset? at = null, SpiffeId? iss = null)
    {
        if (!GrantStatement.TryCreate(
            iss ?? parent.Certificate.SpiffeId!, SpiffeId.Parse($"spiffe://agents.test/{path}"), at ?? Clock.GetUtcNow(), RandomNumberGenerator.GetBytes(16), granted, parentGrant ?? parent.Policy.Parent?.Grant, null, out var statement, out var error))
        {
            throw new InvalidOperationException(error);
        }

        var grant = await SignedGrant.SignAsync(statement, signer ?? parent.Key, signerCertificate ?? parent.Certificate, CancellationToken.None);
        var key = await KeyAsync();
        var policy = (certified ?? granted).ChildOf(new ParentGrant(parent.Certificate.SpiffeId!, grant.Digest()));
        return new Member(key, Issue(key, path, policy), policy, parent.Bundle with { Links = parent.Bundle.Links.Insert(0, new GrantLink(grant, parent.Certificate, null)) });
    }

    public Certificate Issue(ISigningKey key, string path, AgentPolicy? policy, bool critical = false, TimeSpan? lifetime = null)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN={path.Split('/')[^1]}"), PlatformKey.CreateFromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, out _), HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri($"spiffe://agents.test/{path}"));
        request.CertificateExtensions.Add(names.Build());
        if (policy is not null)
        {
            request.CertificateExtensions.Add(new X509Extension(new Oid(AgentPolicyDer.DefaultOid), policy.Encode(), critical));
        }

        var now = Clock.GetUtcNow();
        using var issued = request.Create(_issuing, now.AddMinutes(-5), now + (lifetime ?? TimeSpan.FromHours(1)), RandomNumberGenerator.GetBytes(16));
        return Certificate.Parse(issued.RawData);
    }

    public static async Task<ISigningKey> KeyAsync() => await new PlatformProvider().GenerateAsync(new KeySpec("agent", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), CancellationToken.None);

    public void Dispose()
    {
        _root.Dispose();
        _issuing.Dispose();
        _rootKey.Dispose();
        _issuingKey.Dispose();
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        return request;
    }
}
