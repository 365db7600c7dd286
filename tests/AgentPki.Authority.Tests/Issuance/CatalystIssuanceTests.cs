using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Testing;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Xunit;

namespace AgentPki.Authority.Tests.Issuance;

/// <summary>A CA with two keys (X.509 (2019) §9.8): what it issues carries both signatures, and whatever fails between the two releases nothing.</summary>
public sealed class CatalystIssuanceTests
{
    private const string Alternative = "-alt";

    [Fact]
    public async Task Enroll_TwoKeysOfAnAgent_EveryCertificateOfTheChainIsSignedTwice()
    {
        await using var authority = await StartAsync(KeyAlgorithm.MlDsa65, "catalyst ecdsa-p256 + ml-dsa-44");
        var key = await TestAuthority.KeyAsync();
        var second = await new Cryptography.Providers.BouncyCastle.BouncyCastleProvider().GenerateAsync(new KeySpec("second", KeyAlgorithm.MlDsa44, KeyPurpose.Subject), default);

        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await PairAsync(key, second, "a.agents.test"), await authority.CredentialAsync()));

        Assert.Equal((key.PublicKey, second.PublicKey), (issued.Certificate.PublicKey, issued.Certificate.AlternativePublicKey));
        Assert.All([issued.Certificate, .. issued.Chain], c => Assert.Equal("ml-dsa-65", c.AlternativeSignature?.Algorithm?.Name));
        Assert.IsType<ChainResult.Valid>(CertificateChain.Validate(
            issued.Certificate,
            [authority.Ceremony.Issuing],
            [authority.Ceremony.Root],
            new ChainOptions(authority.Time.GetUtcNow()) { AlternativeSignatures = AlternativeSignaturePolicy.Required },
            authority.Providers));
        var parser = new X509CertificateParser();
        var issuer = PublicKeyFactory.CreateKey(authority.Ceremony.Issuing.AlternativePublicKey!.SubjectPublicKeyInfo.ToArray());
        Assert.True(parser.ReadCertificate(issued.Certificate.Der.ToArray()).IsAlternativeSignatureValid(issuer));
        var root = PublicKeyFactory.CreateKey(authority.Ceremony.Root.AlternativePublicKey!.SubjectPublicKeyInfo.ToArray());
        Assert.True(parser.ReadCertificate(authority.Ceremony.Issuing.Der.ToArray()).IsAlternativeSignatureValid(root));
        Assert.True(parser.ReadCertificate(authority.Ceremony.Root.Der.ToArray()).IsAlternativeSignatureValid(root));
        var entry = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.CertificateIssued), e => e["key.alternative.sha256"] is not null);
        Assert.Equal(Convert.ToHexStringLower(second.PublicKey.Fingerprint()), entry["key.alternative.sha256"]);
    }

    [Fact]
    public async Task Enroll_OneKeyAtACaWithTwo_IsSignedTwice()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        Assert.Null(certificate.AlternativePublicKey);
        Assert.True(certificate.VerifyAlternativeSignature(authority.Ceremony.Issuing.AlternativePublicKey!, authority.Providers));
        await authority.RestartAsync();
        (certificate, _) = await authority.AgentAsync("b.agents.test");
        Assert.True(certificate.VerifyAlternativeSignature(authority.Ceremony.Issuing.AlternativePublicKey!, authority.Providers));
        Assert.Null(await authority.Services.WhyNotReadyAsync(default));
    }

    [Fact]
    public async Task Enroll_TwoKeysAtACaWithOne_AreBothCertified()
    {
        await using var authority = await TestAuthority.StartAsync(profiles: Profiles("catalyst ecdsa-p256 + ecdsa-p384"));
        var second = await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384);
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await PairAsync(await TestAuthority.KeyAsync(), second, "a.agents.test"), await authority.CredentialAsync()));
        Assert.Equal(second.PublicKey, issued.Certificate.AlternativePublicKey);
        Assert.Null(issued.Certificate.AlternativeSignature);
    }

    [Fact]
    public async Task Enroll_AlternativeKeyOfAnotherAgent_IsRefusedAsFirstAndAsSecondKey()
    {
        await using var authority = await TestAuthority.StartAsync(profiles: Profiles("catalyst ecdsa-p256 + ecdsa-p384", "ecdsa-p384"));
        var credential = await authority.CredentialAsync();
        var second = await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384);
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await PairAsync(await TestAuthority.KeyAsync(), second, "a.agents.test"), credential));
        foreach (var csr in new[] { await PairAsync(await TestAuthority.KeyAsync(), second, "b.agents.test"), await TestAuthority.RequestAsync(second, "b.agents.test") })
        {
            var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, credential));
            Assert.Equal(PkiProblemKind.BadPublicKey, rejected.Problem.Kind);
            Assert.Contains("belongs to another agent", rejected.Problem.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(1, await authority.AgentCertificatesAsync());
    }

    [Fact]
    public async Task Enroll_OneAlternativeKeyForTwoAgentsAtOnce_OneGetsIt()
    {
        await using var authority = await TestAuthority.StartAsync(profiles: Profiles("catalyst ecdsa-p256 + ecdsa-p384"));
        var credential = await authority.CredentialAsync();
        var second = await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384);
        var both = new Rendezvous(2);
        authority.Keys.BeforeSign = _ => both.ArriveAsync();
        var requests = await Task.WhenAll(
            PairAsync(await TestAuthority.KeyAsync(), second, "a.agents.test"), PairAsync(await TestAuthority.KeyAsync(), second, "b.agents.test"));
        var outcomes = await Task.WhenAll(requests.Select(csr => Task.Run(() => authority.EnrollAsync(csr, credential).AsTask())));
        Assert.Single(outcomes.OfType<EnrollmentOutcome.Issued>());
        Assert.Equal(PkiProblemKind.BadPublicKey, Assert.Single(outcomes.OfType<EnrollmentOutcome.Rejected>()).Problem.Kind);
        Assert.Equal(1, await authority.AgentCertificatesAsync());
    }

    [Fact]
    public async Task Enroll_HalfOfACompositeAlternativeKey_IsNeverAKeyOfItsOwn()
    {
        await using var authority = await TestAuthority.StartAsync(profiles: Profiles("catalyst ecdsa-p256 + mldsa65-ecdsa-p256", "ecdsa-p256"));
        var credential = await authority.CredentialAsync();
        var (first, second, third) = (await TestAuthority.KeyAsync(), await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65EcdsaP256), await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65EcdsaP256));
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await PairAsync(first, second, "a.agents.test"), credential));
        Assert.True(second.PublicKey.TryGetHalves(out var mlDsa, out var traditional));
        Assert.True(await ((ICertificateStore)authority.Store).IsCompositeHalfAsync(mlDsa.Fingerprint(), default) && await ((ICertificateStore)authority.Store).IsCompositeHalfAsync(traditional.Fingerprint(), default));

        // The same by the commit alone: half of the pair's second key is its first.
        await using var half = SoftwareHalves.Traditional(third);
        var both = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await PairAsync(half, third, "b.agents.test"), credential));
        Assert.Equal(PkiProblemKind.BadPublicKey, both.Problem.Kind);
        Assert.Contains("half of the composite key is a key of its own", both.Problem.Detail, StringComparison.Ordinal);
        await using var own = SoftwareHalves.Traditional(second);
        var alone = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await TestAuthority.RequestAsync(own, "c.agents.test"), credential));
        Assert.Contains("half of a composite key", alone.Problem.Detail, StringComparison.Ordinal);
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await PairAsync(first, second, "a.agents.test"), credential));
    }

    [Fact]
    public async Task Revoke_ByTheAlternativeKey_TakesTheCertificateAndBlocksBothKeys()
    {
        await using var authority = await TestAuthority.StartAsync(profiles: Profiles("catalyst ecdsa-p256 + ecdsa-p384"));
        var credential = await authority.CredentialAsync();
        var (first, second) = (await TestAuthority.KeyAsync(), await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384));
        var certificate = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await PairAsync(first, second, "a.agents.test"), credential)).Certificate;
        var target = new AgentPki.Authority.Revocation.RevocationTarget.Selection(new RevocationSelector { KeyFingerprint = second.PublicKey.Fingerprint() });

        var done = Assert.IsType<Outcome<AgentPki.Authority.Revocation.RevocationResult>.Done>(
            await authority.Services.Revocations.RevokeAsync(new(target, RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default)).Value;

        Assert.Equal((1, 2), (done.Revoked, done.BlockedKeys));
        Assert.IsType<CertificateStatus.Revoked>((await authority.FindAsync(certificate))!.Status);
        foreach (var (key, other) in new[] { (first, await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384)), (await TestAuthority.KeyAsync(), second) })
        {
            var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await PairAsync(key, other, "a.agents.test"), credential));
            Assert.Contains("not certified again", rejected.Problem.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Enroll_WithoutTheAlternativePrivateKey_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync(profiles: Profiles("catalyst ecdsa-p256 + ecdsa-p384"));
        var theirs = await PairAsync(await TestAuthority.KeyAsync(), await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384), "a.agents.test");
        // Their three attributes in a request of one's own: its alternative signature is over theirs.
        var mine = await TestAuthority.RequestAsync(
            await TestAuthority.KeyAsync(), "b.agents.test", options: new Pkcs10Options { Attributes = [.. theirs.Attributes.Where(a => a.Oid.StartsWith("2.5.29.7", StringComparison.Ordinal))] });
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(mine, await authority.CredentialAsync()));
        Assert.Equal(PkiProblemKind.BadProofOfPossession, rejected.Problem.Kind);
        Assert.Contains("alternative", rejected.Problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ecdsa-p256", true)]
    [InlineData("catalyst ecdsa-p256 + ml-dsa-65", true)]
    [InlineData("catalyst ecdsa-p256 + ecdsa-p384", false)]
    public async Task Enroll_OtherKindThanTheProfileTakes_IsRefused(string keys, bool pair)
    {
        await using var authority = await TestAuthority.StartAsync(profiles: Profiles(keys));
        var key = await TestAuthority.KeyAsync();
        var csr = pair ? await PairAsync(key, await TestAuthority.KeyAsync(KeyAlgorithm.EcdsaP384), "a.agents.test") : await TestAuthority.RequestAsync(key, "a.agents.test");
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, await authority.CredentialAsync()));
        Assert.Equal(PkiProblemKind.UnsupportedAlgorithm, rejected.Problem.Kind);
        Assert.Contains(keys, rejected.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enroll_AlternativeKeyCannotSign_TheFirstIsNotEvenAsked()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var credential = await authority.CredentialAsync(maxUses: 1);
        var before = authority.Keys.Signatures;
        authority.Keys.BeforeSign = key => IsAlternative(key) ? throw new KeyUnavailableException("gone (test)", TimeSpan.FromSeconds(9)) : Task.CompletedTask;
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, credential));
        Assert.Equal((PkiProblemKind.Unavailable, TimeSpan.FromSeconds(9)), (rejected.Problem.Kind, rejected.Problem.RetryAfter));
        Assert.Equal(before, authority.Keys.Signatures);
        await NothingWasIssuedAsync(authority);
        authority.Keys.BeforeSign = null;
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, credential));
    }

    [Fact]
    public async Task Enroll_CrashBetweenThePhases_ReleasesNothing()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var credential = await authority.CredentialAsync(maxUses: 1);
        var before = authority.Keys.Signatures;
        authority.Keys.BeforeSign = key => IsAlternative(key) ? Task.CompletedTask : throw new KeyUnavailableException("gone between the phases (test)", TimeSpan.FromSeconds(9));
        Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, credential));
        // The alternative signature was made, and nobody ever sees it.
        Assert.Equal(before + 1, authority.Keys.Signatures);
        authority.Keys.BeforeSign = null;
        await authority.RestartAsync();
        await NothingWasIssuedAsync(authority);
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, credential));
    }

    [Fact]
    public async Task Enroll_AlternativeSignatureWrong_TheFirstKeySignsNothing()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var credential = await authority.CredentialAsync();
        var before = authority.Keys.Signatures;
        foreach (var lie in new Func<ISigningKey, byte[], byte[]>[]
        {
            (key, _) => key.SignAsync(key.Algorithm.DefaultSignature, new byte[] { 1, 2, 3 }, default).AsTask().Result,
            (_, signature) => signature[..^1],
            (_, _) => [],
        })
        {
            authority.Keys.AfterSign = (key, signature) => IsAlternative(key) ? lie(key, signature) : signature;
            Assert.Equal(PkiProblemKind.IssuanceRejected, Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, credential)).Problem.Kind);
            Assert.Equal(++before, authority.Keys.Signatures);
        }

        await NothingWasIssuedAsync(authority);
    }

    [Fact]
    public async Task Enroll_FirstSignatureWrong_ReleasesNothing()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        authority.Keys.AfterSign = (key, signature) => IsAlternative(key) ? signature : key.SignAsync(key.Algorithm.DefaultSignature, new byte[] { 1 }, default).AsTask().Result;
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        Assert.Equal(PkiProblemKind.IssuanceRejected, Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, await authority.CredentialAsync())).Problem.Kind);
        await NothingWasIssuedAsync(authority);
    }

    [Fact]
    public async Task Enroll_CallerLeavesDuringTheAlternativeSignature_IsRecordedAllTheSame()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        using var cancel = new CancellationTokenSource();
        authority.Keys.BeforeSign = key => IsAlternative(key) ? cancel.CancelAsync() : Task.CompletedTask;
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "a.agents.test");
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, await authority.CredentialAsync(), cancellationToken: cancel.Token));
        Assert.NotNull(await authority.FindAsync(issued.Certificate));
    }

    [Fact]
    public async Task Prepare_WithoutTheAlternativeSignature_GivesNoToken()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        var issuer = authority.Services.Issuers.Find("issuing")!;
        var before = authority.Keys.Signatures;
        var key = await TestAuthority.KeyAsync();
        var now = issuer.Certificate.NotBefore.AddHours(1);
        var draft = new CertificateDraft(
            SerialNumber.Create(1), issuer.Signature, X500Name.Create((X509.Oids.CommonName, "x")), key.PublicKey, now, now.AddHours(1),
            issuer.PlanFor(ProfileCatalog.Defaults().Default).For(key.PublicKey, [new GeneralName.Uri("spiffe://agents.test/agent/x")], false), CertificatePosition.EndEntity, TimeSpan.FromDays(1));
        Assert.Null(issuer.Prepare(draft, out var findings));
        Assert.Contains(findings, f => f.RuleName == "alternative_signature_value");
        Assert.Equal(before, authority.Keys.Signatures);
    }

    [Fact]
    public async Task Token_OfThePreCertificate_IsForTheAlternativeKeyAloneAndOnce()
    {
        var provider = new HookedProvider(new Cryptography.Providers.Platform.PlatformProvider());
        var providers = new CryptoProviders(provider);
        await using var first = GuardedKey.Take(providers, await provider.GenerateAsync(new KeySpec("first", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), default));
        await using var second = GuardedKey.Take(providers, await provider.GenerateAsync(new KeySpec("second", KeyAlgorithm.EcdsaP384, KeyPurpose.CertificateAuthority), default));
        var name = X500Name.Create((X509.Oids.CommonName, "Root"));
        var now = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var draft = new TbsCertificate
        {
            SerialNumber = SerialNumber.Create(1), Signature = SignatureAlgorithm.EcdsaSha256, Issuer = name, NotBefore = now, NotAfter = now.AddDays(9), Subject = name, PublicKey = first.PublicKey,
            Extensions = [.. AuthorityExtensions.ForRoot(first.PublicKey, second.PublicKey), X509.Extensions.X509Extension.AltSignatureAlgorithm(SignatureAlgorithm.EcdsaSha384)],
        }.Encode();
        var context = new LintContext(CertificatePosition.Root, null, TimeSpan.FromDays(10)) { SigningAlgorithm = SignatureAlgorithm.EcdsaSha256, AlternativeSigningAlgorithm = SignatureAlgorithm.EcdsaSha384 };
        var token = IssuanceToken.ForPreCertificate(draft, SignatureAlgorithm.EcdsaSha384, context, second, out var findings);
        Assert.Empty(findings);
        Assert.Equal(PreTbs.OfCertificate(draft), token!.ToBeSigned.ToArray());
        await Assert.ThrowsAsync<InvalidOperationException>(() => first.SignAsync(token, default).AsTask());
        await second.SignAsync(token, default);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second.SignAsync(token, default).AsTask());
        Assert.Null(IssuanceToken.ForPreCertificate(draft, SignatureAlgorithm.EcdsaSha384, context with { AlternativeSigningAlgorithm = null }, second, out _));
        Assert.Equal(1, provider.Signatures);
    }

    [Fact]
    public async Task CertificateList_OfACaWithTwoKeys_CarriesBothSignatures()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        var (certificate, _) = await authority.AgentAsync("a.agents.test");
        await authority.Services.Revocations.RevokeAsync(
            new(new AgentPki.Authority.Revocation.RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default);
        foreach (var issuer in new[] { authority.Ceremony.Root, authority.Ceremony.Issuing })
        {
            var name = issuer.Equals(authority.Ceremony.Root) ? "root" : "issuing";
            var list = CertificateList.Parse(await (await authority.Services.CertificateLists.CurrentAsync(name, default))!.ReadAsync(default));
            Assert.True(list.VerifySignature(issuer.PublicKey, authority.Providers));
            Assert.True(list.VerifyAlternativeSignature(issuer.AlternativePublicKey!, authority.Providers));
            Assert.Equal(name == "issuing", list.Find(certificate.SerialNumber.Span) is not null);
        }

        authority.Keys.AfterSign = (key, signature) => IsAlternative(key) ? signature[..^1] : signature;
        await Assert.ThrowsAsync<SignatureRejectedException>(() => authority.Services.CertificateLists.RegenerateAsync("issuing", default).AsTask());
    }

    [Fact]
    public async Task Ceremony_SecondRun_FindsBothKeysAndRefusesOthers()
    {
        await using var authority = await StartAsync(KeyAlgorithm.EcdsaP384);
        var wanted = Options(CeremonyOptions.Development("t-", "Test"), KeyAlgorithm.EcdsaP384);
        var again = await new DevelopmentCeremony(authority.Environment).RunAsync(wanted, default);
        Assert.Equal((authority.Ceremony.Root, authority.Ceremony.Issuing), (again.Root, again.Issuing));
        Assert.All(again.Steps, step => Assert.False(step.IsNew, step.Name));
        Assert.Contains(again.Steps, step => step.Name == "issuing alternative key");
        var single = wanted with { Root = wanted.Root with { AlternativeKeyAlgorithm = null } };
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => new DevelopmentCeremony(authority.Environment).RunAsync(single, default).AsTask());
        Assert.Contains("another alternative key", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ecdsa-p384", null)]
    [InlineData("catalyst ecdsa-p384 + ml-dsa-65", null)]
    [InlineData("catalyst ecdsa-p384", "two known kinds")]
    [InlineData("catalyst ecdsa-p384 + ecdsa-p384", "of another algorithm")]
    [InlineData("catalyst ecdsa-p384 + ml-kem-768", "signs nothing")]
    [InlineData("catalyst ml-kem-768 + ecdsa-p384", "signs nothing")]
    [InlineData("catalyst ecdsa-p384 + x", "two known kinds")]
    [InlineData("x", "catalyst ecdsa-p256 + ml-dsa-65")]
    public void KeyKind_Text_IsReadAndWrittenTheSame(string text, string? wrong)
    {
        Assert.Equal(wrong is null, KeyKind.TryParse(text, out var kind, out var error));
        if (wrong is null)
        {
            Assert.Equal(text, kind!.ToString());
        }
        else
        {
            Assert.Contains(wrong, error, StringComparison.Ordinal);
        }
    }

    internal static ProfileCatalog Profiles(params string[] keys) => ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(text => text.File == "agent.yaml"
        ? (text.File, System.Text.RegularExpressions.Regex.Replace(text.Yaml, @"keys: \[[^\]]*\]", $"keys: [{string.Join(", ", keys)}]").Replace("serverKeyGeneration: true", "serverKeyGeneration: false", StringComparison.Ordinal))
        : text));

    internal static async Task<Pkcs10Request> PairAsync(ISigningKey key, ISigningKey second, string name) =>
        await TestAuthority.RequestAsync(key, name, options: new Pkcs10Options { AlternativeKey = second });

    private static Task<TestAuthority> StartAsync(KeyAlgorithm alternative, string keys = "ecdsa-p256") =>
        TestAuthority.StartAsync(profiles: Profiles(keys), ceremony: o => Options(o, alternative));

    private static CeremonyOptions Options(CeremonyOptions options, KeyAlgorithm alternative) => options with
    {
        Root = options.Root with { KeyAlgorithm = KeyAlgorithm.EcdsaP256, AlternativeKeyAlgorithm = alternative },
        Issuing = options.Issuing.With(new KeyKind(KeyAlgorithm.EcdsaP256, alternative)),
    };

    private static bool IsAlternative(ISigningKey key) => key.Reference.Label.EndsWith(Alternative, StringComparison.Ordinal);

    private static async Task NothingWasIssuedAsync(TestAuthority authority)
    {
        Assert.Equal(0, await authority.AgentCertificatesAsync());
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.CertificateIssued));
    }
}
