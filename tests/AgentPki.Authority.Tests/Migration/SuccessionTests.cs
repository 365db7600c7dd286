using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Verification;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests.Migration;

/// <summary>RFC 9810 §4.4, RFC 7030 §4.1.3: a CA goes over to another key.</summary>
public sealed class SuccessionTests
{
    private static readonly SuccessionDraft Both = new("issuing", new(KeyAlgorithm.EcdsaP384), new(KeyAlgorithm.Rsa3072));

    [Fact]
    public async Task Plan_SaysWhatWouldBeMade_AndChangesNothing()
    {
        await using var authority = await TestAuthority.StartAsync();
        var size = await authority.LedgerSizeAsync();
        var plan = authority.Services.Successions.Plan(Both);
        Assert.Empty(plan.Obstacles);
        Assert.Equal(
            [("root", "root-2", KeyAlgorithm.Rsa3072), ("issuing", "issuing-2", KeyAlgorithm.EcdsaP384)], plan.Authorities.Select(a => (a.Predecessor, a.Name, a.Key.Algorithm)));
        Assert.Equal(authority.Ceremony.Root.Subject.ToString(), plan.Authorities[0].Subject);
        Assert.NotEqual(authority.Ceremony.Issuing.Subject.ToString(), plan.Authorities[1].Subject);
        Assert.Equal(size, await authority.LedgerSizeAsync());
    }

    [Theory]
    [InlineData("nobody", "ecdsa-p384", "there is no issuing CA")]
    [InlineData("root", "ecdsa-p384", "there is no issuing CA")]
    [InlineData("issuing", "rsa-2048", "cannot have a rsa-2048 key")]
    [InlineData("issuing", "ml-kem-768", "cannot have a ml-kem-768 key")]
    public async Task StartAsync_WhatCannotBe_IsRefused(string name, string key, string reason)
    {
        await using var authority = await TestAuthority.StartAsync();
        var refused = Assert.IsType<Outcome<SuccessionChange>.Refused>(
            await authority.Services.Successions.StartAsync(new SuccessionDraft(name, new(KeyAlgorithm.Find(key)!)), "admin:test", "c", default));
        Assert.Contains(reason, refused.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal(2, authority.Services.Issuers.All.Count);
    }

    [Fact]
    public async Task StartAsync_RollOverCertificates_ArePathsBetweenBothAnchorsAndBothLeaves()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (oldLeaf, oldKey) = await authority.AgentAsync("old.agents.test");
        await DoneAsync(authority.Services.Successions.StartAsync(Both, "admin:test", "c", default));
        var (stillOld, _) = await authority.AgentAsync("still.agents.test");
        Assert.Equal(authority.Ceremony.Issuing.Subject, stillOld.Issuer);
        await DoneAsync(authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", default));
        var (newLeaf, _) = await authority.AgentAsync("new.agents.test");

        var issuers = authority.Services.Issuers;
        var (oldRoot, newRoot, newIssuing) = (issuers.Find("root")!.Certificate, issuers.Find("root-2")!.Certificate, issuers.Find("issuing-2")!.Certificate);
        var record = issuers.Successions.Single(s => s.Predecessor == "root");
        var (newWithOld, oldWithNew) = (Certificate.Parse(record.NewWithOld!), Certificate.Parse(record.OldWithNew!));
        Assert.Equal(newIssuing.Subject, newLeaf.Issuer);
        Assert.Equal(oldRoot.Subject, newRoot.Subject);
        Assert.True(newWithOld.IsSelfIssued && oldWithNew.IsSelfIssued);

        // old anchor → new root's key → new issuing CA → new leaf, and the other way round.
        AssertPath(authority, oldRoot, newWithOld, newIssuing, newLeaf);
        AssertPath(authority, newRoot, oldWithNew, authority.Ceremony.Issuing, oldLeaf);
        AssertPath(authority, newRoot, newIssuing, newLeaf);
        Assert.Equal(newRoot.PublicKey, newWithOld.PublicKey);
        Assert.Equal(oldRoot.PublicKey, oldWithNew.PublicKey);
        Assert.Equal(newRoot.SubjectKeyIdentifier.ToArray(), newWithOld.SubjectKeyIdentifier.ToArray());
        Assert.True(newWithOld.NotAfter <= oldRoot.NotAfter && oldWithNew.NotAfter <= newRoot.NotAfter);

        // The old one renews, with its old certificate, and gets one of the new CA.
        var renewed = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(await TestAuthority.RequestAsync(oldKey, "old.agents.test"), new Requester.AgentCertificate(oldLeaf), kind: EnrollmentKind.Renew));
        Assert.Equal(newIssuing.Subject, renewed.Certificate.Issuer);
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.RollOverCertificateIssued)).Count);
        Assert.Equal(["Prepared", "Prepared", "Switched"], (await authority.EntriesAsync(LedgerEntryKind.AuthoritySuccession)).Select(e => e["state"]));
        var verified = await LedgerVerifier.VerifyAsync(authority.Store, authority.Providers, new LedgerVerifierOptions { Evidence = authority.Store }, null, default);
        Assert.True(verified.IsIntact, string.Join("; ", verified.Findings));
    }

    [Fact]
    public async Task Distribution_BothChainsForTheWindow_ThenTheNewOneAlone()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (issuers, profile) = (authority.Services.Issuers, authority.Services.Profiles.Default);
        IReadOnlyList<Certificate> Given() => issuers.DistributionFor(profile, authority.Time.GetUtcNow());
        Assert.Equal(2, Given().Count);
        await DoneAsync(authority.Services.Successions.StartAsync(Both with { ServedFor = TimeSpan.FromDays(10) }, "admin:test", "c", default));
        Assert.Equal(authority.Ceremony.Issuing, Given()[0]);
        Assert.Equal(6, Given().Count);
        Assert.Same(Given(), Given());
        await DoneAsync(authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", default));
        Assert.Equal(issuers.Find("issuing-2")!.Certificate, Given()[0]);
        Assert.Equal(6, Given().Count);
        await authority.RestartAsync();
        issuers = authority.Services.Issuers;
        Assert.Equal(6, Given().Count);
        authority.Time.Advance(TimeSpan.FromDays(11));
        Assert.Equal(issuers.Find("issuing-2")!.Chain, Given());
        await DoneAsync(authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", default));
        Assert.Equal(issuers.Find("issuing-2")!.Chain, Given());
    }

    [Fact]
    public async Task OldCa_AfterTheSwitch_StillAnswersOcspAndSignsItsCrl_TheNewOneToo()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (oldLeaf, _) = await authority.AgentAsync("old.agents.test");
        await DoneAsync(authority.Services.Successions.StartAsync(Both, "admin:test", "c", default));
        await DoneAsync(authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", default));
        var (newLeaf, _) = await authority.AgentAsync("new.agents.test");
        await DoneAsync(authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", default));
        var newIssuing = authority.Services.Issuers.Find("issuing-2")!.Certificate;
        foreach (var (issuer, leaf, name) in new[] { (authority.Ceremony.Issuing, oldLeaf, "issuing"), (newIssuing, newLeaf, "issuing-2") })
        {
            var request = OcspRequest.Encode([CertId.Create(issuer, leaf.SerialNumber)]);
            Assert.IsType<OcspCertificateStatus.Good>(OcspResponse.Parse((await authority.Services.Ocsp.RespondAsync(request, default)).Der).Data!.Responses[0].Status);
            await authority.Services.Revocations.RevokeAsync(new RevocationRequest(new RevocationTarget.OneCertificate(leaf), RevocationReason.KeyCompromise, "admin:x", "admin", "c"), default);
            Assert.IsType<OcspCertificateStatus.Revoked>(OcspResponse.Parse((await authority.Services.Ocsp.RespondAsync(request, default)).Der).Data!.Responses[0].Status);
            var list = CertificateList.Parse(await (await authority.Services.CertificateLists.CurrentAsync(name, default))!.ReadAsync(default));
            Assert.True(list.VerifySignature(issuer.PublicKey, authority.Providers));
            Assert.NotNull(list.Find(leaf.SerialNumber.Span));
        }

        await authority.Services.MaintainAsync(default);
        Assert.Null(await authority.Services.WhyNotReadyAsync(default));
    }

    [Fact]
    public async Task SwitchAt_IsKeptByTheTimer_AndRollBackUndoesIt()
    {
        await using var authority = await TestAuthority.StartAsync();
        var at = authority.Time.GetUtcNow().AddHours(1);
        await DoneAsync(authority.Services.Successions.StartAsync(new SuccessionDraft("issuing", new(KeyAlgorithm.EcdsaP384), SwitchAt: at), "admin:test", "c", default));
        await authority.Services.Successions.AdvanceAsync(default);
        Assert.Equal(authority.Ceremony.Issuing.Subject, (await authority.AgentAsync("a.agents.test")).Certificate.Issuer);
        authority.Time.Advance(TimeSpan.FromHours(2));
        await authority.Services.Successions.AdvanceAsync(default);
        Assert.Equal(authority.Services.Issuers.Find("issuing-2")!.Certificate.Subject, (await authority.AgentAsync("b.agents.test")).Certificate.Issuer);
        await DoneAsync(authority.Services.Successions.RollBackAsync("issuing", "admin:test", "c", default));
        Assert.Equal(authority.Ceremony.Issuing.Subject, (await authority.AgentAsync("c.agents.test")).Certificate.Issuer);
        Assert.IsType<Outcome<SuccessionChange>.Refused>(await authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", default));
    }

    [Fact]
    public async Task StartAsync_CutOff_ContinuesWithWhatIsThere()
    {
        await using var authority = await TestAuthority.StartAsync();
        // The token goes away at the third signature: a new root and one roll-over certificate are there.
        var signatures = 0;
        authority.Keys.BeforeSign = key => key.Purpose == KeyPurpose.CertificateAuthority && ++signatures == 3 ? throw new KeyUnavailableException("gone (test)", TimeSpan.FromSeconds(1)) : Task.CompletedTask;
        await Assert.ThrowsAsync<KeyUnavailableException>(async () => await authority.Services.Successions.StartAsync(Both, "admin:test", "c", default));
        authority.Keys.BeforeSign = null;
        Assert.Empty(authority.Services.Issuers.Successions);
        await authority.RestartAsync();
        await DoneAsync(authority.Services.Successions.StartAsync(Both, "admin:test", "c", default));
        Assert.Equal(["root", "issuing"], authority.Services.Issuers.Successions.Select(s => s.Predecessor));
        Assert.Equal(4, authority.Services.Issuers.All.Count);
    }

    [Theory]
    [InlineData("root-2", "ecdsa-p384", "rsa-3072", null)]
    [InlineData("root-2", "ecdsa-p384", "ecdsa-p384", "CA 'root-2' is there from an earlier start, of rsa-3072 and not ecdsa-p384 keys, and keeps those: ask for rsa-3072")]
    [InlineData("succession of root", "ecdsa-p384", "rsa-3072", null)]
    [InlineData("succession of root", "ecdsa-p384", "ecdsa-p384", "CA 'root-2' is there from an earlier start, of rsa-3072")]
    [InlineData("issuing-2", "ecdsa-p384", "rsa-3072", null)]
    [InlineData("issuing-2", "rsa-3072", "rsa-3072", "CA 'issuing-2' is there from an earlier start, of ecdsa-p384 and not rsa-3072 keys")]
    public async Task StartAsync_AfterACutOffOne_TakesNoCaOfOtherKeysThanAskedFor(string cutAfter, string keys, string rootKeys, string? obstacle)
    {
        await using var authority = await TestAuthority.StartAsync();
        await CutOffAsync(authority, Both, cutAfter);

        var draft = new SuccessionDraft("issuing", new(KeyAlgorithm.Find(keys)!), new(KeyAlgorithm.Find(rootKeys)!));
        var plan = authority.Services.Successions.Plan(draft);
        var outcome = await authority.Services.Successions.StartAsync(draft, "admin:test", "c", default);

        if (obstacle is null)
        {
            Assert.Empty(plan.Obstacles);
            Assert.IsType<Outcome<SuccessionChange>.Done>(outcome);
            Assert.Equal((keys, rootKeys), (authority.Services.Issuers.Find("issuing-2")!.Certificate.PublicKey.Algorithm.Name, authority.Services.Issuers.Find("root-2")!.Certificate.PublicKey.Algorithm.Name));
        }
        else
        {
            Assert.StartsWith(obstacle, Assert.Single(plan.Obstacles), StringComparison.Ordinal);
            Assert.IsType<Outcome<SuccessionChange>.Refused>(outcome);
            Assert.DoesNotContain(authority.Services.Issuers.Successions, s => s.Predecessor == "issuing");
        }
    }

    [Fact]
    public async Task StartAsync_WithANewRootAfterACutOffOneWithout_IsRefused()
    {
        await using var authority = await TestAuthority.StartAsync();
        await CutOffAsync(authority, Both with { RootKeys = null }, "issuing-2");

        Assert.Equal(["CA 'issuing-2' is there from an earlier start, under the root 'root', which stays then: leave --root-algorithm out"], authority.Services.Successions.Plan(Both).Obstacles);
        await DoneAsync(authority.Services.Successions.StartAsync(Both with { RootKeys = null }, "admin:test", "c", default));
    }

    [Fact]
    public async Task Plan_RootTakenFromAnEarlierStart_WarnsOfThatOneAndNotOfTheOld()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { WhyNotInTls = key => key == KeyAlgorithm.MlDsa87 ? "this TLS knows no ml-dsa-87 (test)" : null });
        await CutOffAsync(authority, new SuccessionDraft("issuing", new(KeyAlgorithm.EcdsaP384), new(KeyAlgorithm.MlDsa87)), "succession of root");
        const string Taken = "the root's successor 'root-2' (ml-dsa-87) is there from an earlier start and is taken";

        foreach (var rootKeys in new[] { new KeyKind(KeyAlgorithm.MlDsa87), null })
        {
            var plan = authority.Services.Successions.Plan(new SuccessionDraft("issuing", new(KeyAlgorithm.MlDsa65), rootKeys));

            Assert.Empty(plan.Obstacles);
            Assert.Contains(Taken, plan.Warnings);
            Assert.Contains(plan.Warnings, w => w.StartsWith("this TLS knows no ml-dsa-87", StringComparison.Ordinal));
            Assert.DoesNotContain(plan.Warnings, w => w.Contains("only as strong as", StringComparison.Ordinal) || w.StartsWith("the root stays", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task ChainsOf_EndsWithTheSuccession_WhateverIsLeftOfItsTime()
    {
        await using var authority = await TestAuthority.StartAsync();
        var (issuers, now) = (authority.Services.Issuers, authority.Time.GetUtcNow());
        await DoneAsync(authority.Services.Successions.StartAsync(Both, "admin:test", "c", default));
        Assert.Equal(2, issuers.ChainsOf("issuing-2", now).Count);
        await DoneAsync(authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", default));
        Assert.Equal(2, issuers.ChainsOf("issuing-2", now).Count);
        await DoneAsync(authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", default));

        Assert.Equal([issuers.Find("issuing-2")!.Certificate], Assert.Single(issuers.ChainsOf("issuing-2", now)));
        Assert.Equal(issuers.Find("issuing-2")!.Chain, issuers.DistributionFor(authority.Services.Profiles.Default, now));
        Assert.All(authority.Services.Successions.List(), s => Assert.False(s.IsServed));
    }

    [Fact]
    public async Task Generations_OneAfterTheOther_EachWithItsOwnKey()
    {
        await using var authority = await TestAuthority.StartAsync();
        foreach (var (name, key) in new[] { ("issuing", KeyAlgorithm.EcdsaP384), ("issuing-2", KeyAlgorithm.Rsa3072) })
        {
            await DoneAsync(authority.Services.Successions.StartAsync(new SuccessionDraft(name, new(key)), "admin:test", "c", default));
            await DoneAsync(authority.Services.Successions.SwitchAsync(name, "admin:test", "c", default));
            await DoneAsync(authority.Services.Successions.FinishAsync(name, "admin:test", "c", default));
        }

        var (leaf, _) = await authority.AgentAsync("third.agents.test");
        var third = authority.Services.Issuers.Find("issuing-3")!;
        Assert.Equal(third.Certificate.Subject, leaf.Issuer);
        Assert.EndsWith(" 3", third.Certificate.Subject.CommonName, StringComparison.Ordinal);
        Assert.Equal(KeyAlgorithm.Rsa3072, third.Certificate.PublicKey.Algorithm);
    }

    [Fact]
    public async Task Https_CaThatThePlatformsTlsDoesNotAccept_StaysWithTheOldOneAndItIsSaid()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { WhyNotInTls = key => key == KeyAlgorithm.MlDsa87 ? "this TLS knows no ml-dsa-87 (test)" : null });
        var tls = authority.Services.Profiles.Require(ProfileUse.TlsServer);
        var draft = new SuccessionDraft("issuing", new(KeyAlgorithm.EcdsaP384), new(KeyAlgorithm.MlDsa87));
        const string Said = "this TLS knows no ml-dsa-87 (test): HTTPS stays with CA 'issuing' (ecdsa-p256), and clients go on to be given its root beside the new one";
        Assert.Contains(Said, authority.Services.Successions.Plan(draft).Warnings);

        Assert.Contains(Said, await DoneAsync(authority.Services.Successions.StartAsync(draft, "admin:test", "c", default)));
        Assert.Empty(await DoneAsync(authority.Services.Successions.SwitchAsync("issuing", "admin:test", "c", default)));
        Assert.Equal([Said], await DoneAsync(authority.Services.Successions.FinishAsync("issuing", "admin:test", "c", default)));

        var issuers = authority.Services.Issuers;
        Assert.Equal("issuing", issuers.IssuerFor(tls)!.Name);
        Assert.Equal("issuing-2", issuers.IssuerFor(authority.Services.Profiles.Default)!.Name);
        Assert.Equal("issuing-2", issuers.SettledIn("issuing")!.Name);

        // One that it accepts again: HTTPS follows to that.
        await DoneAsync(authority.Services.Successions.StartAsync(new SuccessionDraft("issuing-2", new(KeyAlgorithm.EcdsaP256), new(KeyAlgorithm.EcdsaP384)), "admin:test", "c", default));
        await DoneAsync(authority.Services.Successions.SwitchAsync("issuing-2", "admin:test", "c", default));
        Assert.Empty(await DoneAsync(authority.Services.Successions.FinishAsync("issuing-2", "admin:test", "c", default)));
        Assert.Equal("issuing-3", issuers.IssuerFor(tls)!.Name);
    }

    /// <summary>Starts, and loses the store as soon as that CA, or the succession of that root, is there.</summary>
    private static async Task CutOffAsync(TestAuthority authority, SuccessionDraft draft, string after)
    {
        var issuers = authority.Services.Issuers;
        authority.Store.Fault = () => issuers.Find(after) is not null || issuers.Successions.Any(s => after == $"succession of {s.Predecessor}") ? new StoreUnavailableException("gone (test)") : null;
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await authority.Services.Successions.StartAsync(draft, "admin:test", "c", default));
        authority.Store.Fault = null;
        await authority.RestartAsync();
    }

    // Names, keys and signatures from the anchor down; what openssl makes of it is in the integration tests.
    private static void AssertPath(TestAuthority authority, Certificate anchor, params Certificate[] path)
    {
        var issuer = anchor;
        foreach (var certificate in path)
        {
            Assert.Equal(issuer.Subject, certificate.Issuer);
            Assert.Equal(issuer.SubjectKeyIdentifier.ToArray(), certificate.AuthorityKeyIdentifier.ToArray());
            Assert.True(certificate.VerifySignature(issuer.PublicKey, authority.Providers));
            issuer = certificate;
        }
    }

    private static async Task<IReadOnlyList<string>> DoneAsync(ValueTask<Outcome<SuccessionChange>> command)
    {
        var outcome = await command;
        return outcome is Outcome<SuccessionChange>.Done(var change) ? change.Remarks : throw new Xunit.Sdk.XunitException(((Outcome<SuccessionChange>.Refused)outcome).Problem.Detail);
    }
}
