using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.Testing;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Extensions;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

/// <summary>Post-quantum subject keys: who gets a certificate over one, and how a key that cannot sign proves its possession.</summary>
public sealed class PostQuantumTests
{
    private const string Name = "a.agents.test";

    [Theory]
    [InlineData("ml-dsa-44", "ml-dsa-44")]
    [InlineData("ml-dsa-65", "ml-dsa-65")]
    [InlineData("ml-dsa-87", "ml-dsa-87")]
    [InlineData("slh-dsa-sha2-128s", "slh-dsa-sha2-128s")]
    [InlineData("mldsa44-ecdsa-p256", "mldsa44-ecdsa-p256")]
    [InlineData("mldsa65-ecdsa-p256", "mldsa65-ecdsa-p256")]
    [InlineData("mldsa87-ecdsa-p384", "mldsa87-ecdsa-p384")]
    [InlineData("ml-dsa-65", "agent")]
    [InlineData("mldsa65-ecdsa-p256", "agent")]
    public async Task EnrollAsync_KeyOfTheLabelsKind_IsCertified(string algorithm, string label)
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var key = await TestAuthority.KeyAsync(KeyAlgorithm.Find(algorithm)!);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(key, Name), await authority.CredentialAsync(), label));

        Assert.Equal(key.PublicKey, issued.Certificate.PublicKey);
        Assert.Equal(KeyUsages.DigitalSignature, issued.Certificate.KeyUsages);
    }

    [Fact]
    public async Task EnrollAsync_CompositeOfAKeyThatHasACertificate_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var composite = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65EcdsaP256);
        await using var traditional = SoftwareHalves.Traditional(composite);
        var credential = await authority.CredentialAsync();
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(traditional, Name), credential));

        Refused(await authority.EnrollAsync(await TestAuthority.RequestAsync(composite, Name), credential), PkiProblemKind.BadPublicKey, "certificate of its own");
    }

    [Fact]
    public async Task EnrollAsync_HalfOfACertifiedComposite_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var composite = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65EcdsaP256);
        await using var traditional = SoftwareHalves.Traditional(composite);
        var credential = await authority.CredentialAsync();
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(composite, Name), credential));

        Refused(await authority.EnrollAsync(await TestAuthority.RequestAsync(traditional, Name), credential), PkiProblemKind.BadPublicKey, "half of a composite key");
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(composite, Name), credential));
    }

    [Fact]
    public async Task EnrollAsync_KeyOfAnotherKindThanTheLabels_SaysWhichAreTaken()
    {
        await using var authority = await TestAuthority.StartAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), Name), await authority.CredentialAsync(), "ml-dsa-65");

        Refused(outcome, PkiProblemKind.UnsupportedAlgorithm, "it takes ml-dsa-65");
    }

    [Fact]
    public async Task EnrollAsync_RenewalWithAnMlDsaKey_MovesTheAgent()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (certificate, _) = await authority.AgentAsync(Name);
        await using var next = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(
            await authority.EnrollAsync(await TestAuthority.RequestAsync(next, Name), new Requester.AgentCertificate(certificate), kind: EnrollmentKind.Renew));

        Assert.Equal(KeyAlgorithm.MlDsa65, issued.Certificate.PublicKey.Algorithm);
        Assert.Equal(certificate.SpiffeId, issued.Certificate.SpiffeId);
    }

    [Fact]
    public async Task EnrollAsync_MlKemKeyStatedByTheAgentsCertificate_IsCertifiedForSecretsOnly()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, new Requester.AgentCertificate(signer), "ml-kem-768"));

        Assert.Equal(key.PublicKey, issued.Certificate.PublicKey);
        Assert.Equal(KeyUsages.KeyEncipherment, issued.Certificate.KeyUsages);
        Assert.Equal(signer.SpiffeId, issued.Certificate.SpiffeId);
    }

    [Fact]
    public async Task EnrollAsync_MlKemKeyStatedByAnMlDsaCertificate_IsCertified()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var signerKey = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa44);
        var signer = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(signerKey, Name), await authority.CredentialAsync())).Certificate;
        await using var key = await TestAuthority.DecapsulationKeyAsync(KeyAlgorithm.MlKem1024);
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);

        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, await authority.CredentialAsync(), "ml-kem-768"));
    }

    [Fact]
    public async Task EnrollAsync_StatementByARevokedCertificate_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);
        await authority.Services.Revocations.RevokeAsync(new(new RevocationTarget.OneCertificate(signer), RevocationReason.Superseded, "admin:x", "admin", "c"), default);

        Refused(await authority.EnrollAsync(csr, await authority.CredentialAsync(), "ml-kem-768"), PkiProblemKind.Unauthorized, "is revoked");
    }

    [Fact]
    public async Task EnrollAsync_StatementByACertificateRevokedWhileTheTokenSigns_IsWithheld()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);
        var credential = await authority.CredentialAsync();
        authority.Keys.BeforeSign = async _ => await authority.Services.Revocations.RevokeAsync(new(new RevocationTarget.OneCertificate(signer), RevocationReason.Superseded, "admin:x", "admin", "c"), default);
        Refused(await authority.EnrollAsync(csr, credential, "ml-kem-768"), PkiProblemKind.Unauthorized, "revoked at the same moment");
    }

    [Fact]
    public async Task EnrollAsync_StatementByAnExpiredCertificate_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);
        authority.Time.Advance(TimeSpan.FromHours(25));

        Refused(await authority.EnrollAsync(csr, await authority.CredentialAsync(), "ml-kem-768"), PkiProblemKind.Unauthorized, "is valid from");
    }

    [Fact]
    public async Task EnrollAsync_StatementByAnotherAgentsCertificate_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync("b.agents.test");
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);

        Refused(await authority.EnrollAsync(csr, await authority.CredentialAsync(), "ml-kem-768"), PkiProblemKind.Unauthorized, "another agent's certificate");
    }

    [Fact]
    public async Task EnrollAsync_StatementByACertificateOfAnotherAuthority_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        await using var foreign = await TestAuthority.StartAsync();
        var (signer, signerKey) = await foreign.AgentAsync(Name);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);

        Refused(await authority.EnrollAsync(csr, await authority.CredentialAsync(), "ml-kem-768"), PkiProblemKind.BadProofOfPossession, "did not issue");
    }

    [Fact]
    public async Task EnrollAsync_StatementByTheAuthoritysOwnCertificate_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        // Made by the agent's key, under the name of the issuing CA's certificate.
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);
        var issuing = authority.Services.Issuers.Find("issuing")!.Certificate;
        var other = Pkcs10Requests.WithStatement(csr, issuing);

        Refused(await authority.EnrollAsync(other, await authority.CredentialAsync(), "ml-kem-768"), PkiProblemKind.BadProofOfPossession, "");
    }

    [Fact]
    public async Task EnrollAsync_StatementWhoseSignatureIsAnothers_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var der = (await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey)).Der.ToArray();
        der[^1] ^= 1;

        Refused(await authority.EnrollAsync(X509.Requests.Pkcs10Request.Parse(der), await authority.CredentialAsync(), "ml-kem-768"), PkiProblemKind.BadProofOfPossession, "statement of possession names");
    }

    [Fact]
    public async Task EnrollAsync_StatementForASignatureCertificate_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var key = await TestAuthority.KeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);

        Refused(await authority.EnrollAsync(csr, new Requester.AgentCertificate(signer)), PkiProblemKind.PolicyViolation, "RFC 9883");
    }

    [Fact]
    public async Task EnrollAsync_StatementByAKeyThatCannotMakeTheSignature_Refuses()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (signer, signerKey) = await authority.AgentAsync(Name);
        await using var mlDsa = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa44);
        await using var key = await TestAuthority.DecapsulationKeyAsync();
        var csr = await TestAuthority.StatedRequestAsync(key.PublicKey, Name, signer, signerKey);
        var resigned = await Pkcs10Requests.ResignAsync(csr, mlDsa);

        Refused(await authority.EnrollAsync(resigned, await authority.CredentialAsync(), "ml-kem-768"), PkiProblemKind.BadProofOfPossession, "cannot do");
    }

    [Theory]
    [InlineData("ml-kem-768", "ml-kem-768")]
    [InlineData("ml-dsa-65", "ml-dsa-65")]
    public async Task EnrollAsync_ServerKeygen_MakesTheProfilesKindInSeedForm(string label, string algorithm)
    {
        await using var authority = await TestAuthority.StartAsync();
        var outcome = await authority.EnrollAsync(await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), Name), await authority.CredentialAsync(), label, EnrollmentKind.ServerKeygen);

        var issued = Assert.IsType<EnrollmentOutcome.Issued>(outcome);
        Assert.Equal(algorithm, issued.Certificate.PublicKey.Algorithm.Name);
        var pkcs8 = issued.PrivateKeyPkcs8!;
        Assert.InRange(pkcs8.Length, 50, 100); // a seed of 32 or 64 octets, not the expanded key
        IPrivateKey key = issued.Certificate.PublicKey.Algorithm.CanSign
            ? SoftwareKeys.ImportSigningKey("k", KeyPurpose.Subject, pkcs8)
            : SoftwareKeys.ImportDecapsulationKey("k", KeyPurpose.Subject, pkcs8);
        Assert.Equal(issued.Certificate.PublicKey, key.PublicKey);
        await key.DisposeAsync();
    }

    private static void Refused(EnrollmentOutcome outcome, PkiProblemKind kind, string says)
    {
        var problem = Assert.IsType<EnrollmentOutcome.Rejected>(outcome).Problem;
        Assert.Equal(kind, problem.Kind);
        Assert.Contains(says, problem.Detail, StringComparison.Ordinal);
    }
}
