using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Verification;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Migration;

/// <summary>CAs of two keys (X.509 (2019) §9.8) go over to CAs of two keys, or from and to such of one.</summary>
public sealed class CatalystSuccessionTests
{
    private static readonly KeyKind Pair = new(KeyAlgorithm.EcdsaP384, KeyAlgorithm.MlDsa65);
    private static readonly KeyKind RootPair = new(KeyAlgorithm.EcdsaP384, KeyAlgorithm.MlDsa87);

    [Fact]
    public async Task StartAsync_FromTwoKeysToTwo_BothSignaturesLeadFromEitherAnchorToEitherLeaf()
    {
        await using var authority = await TestAuthority.StartAsync(ceremony: c => c with
        {
            Root = c.Root with { AlternativeKeyAlgorithm = KeyAlgorithm.MlDsa65 },
            Issuing = c.Issuing with { AlternativeKeyAlgorithm = KeyAlgorithm.MlDsa44 },
        });
        var (oldLeaf, _) = await authority.AgentAsync("old.agents.test");
        var plan = authority.Services.Successions.Plan(new SuccessionDraft("issuing", Pair, RootPair));
        Assert.Equal([("root-2", RootPair), ("issuing-2", Pair)], plan.Authorities.Select(a => (a.Name, a.Keys)));
        Assert.Equal("catalyst ecdsa-p256 + ml-dsa-44", plan.Authorities[1].PredecessorKeys.ToString());
        Assert.DoesNotContain(plan.Warnings, w => w.Contains("once", StringComparison.Ordinal));

        var (newLeaf, newWithOld, oldWithNew) = await SwitchAsync(authority, RootPair);

        var issuers = authority.Services.Issuers;
        var (oldRoot, newRoot, newIssuing) = (issuers.Find("root")!.Certificate, issuers.Find("root-2")!.Certificate, issuers.Find("issuing-2")!.Certificate);
        Assert.Equal(newRoot.AlternativePublicKey, newWithOld.AlternativePublicKey);
        Assert.Equal(oldRoot.AlternativePublicKey, oldWithNew.AlternativePublicKey);
        foreach (var (anchor, leaf, between) in new[] { (oldRoot, newLeaf, new[] { newIssuing, newWithOld }), (newRoot, oldLeaf, [authority.Ceremony.Issuing, oldWithNew]), (newRoot, newLeaf, [newIssuing]) })
        {
            Assert.IsType<ChainResult.Valid>(Validate(authority, leaf, between, anchor, AlternativeSignaturePolicy.Required));
        }

        // CRLs go on being signed twice, and the ledger knows both keys.
        var list = CertificateList.Parse(await (await authority.Services.CertificateLists.CurrentAsync("issuing-2", default))!.ReadAsync(default));
        Assert.True(list.VerifyAlternativeSignature(newIssuing.AlternativePublicKey!, authority.Providers));
        Assert.Contains(await authority.EntriesAsync(LedgerEntryKind.AuthorityCreated), e => e.GetValueOrDefault("key.alternative.label")?.EndsWith("/t-issuing-2-ca-alt", StringComparison.Ordinal) == true);
        await authority.RestartAsync();
        Assert.Equal(KeyAlgorithm.MlDsa65.DefaultSignature, (await authority.AgentAsync("later.agents.test")).Certificate.AlternativeSignature!.Algorithm);
        var verified = await LedgerVerifier.VerifyAsync(authority.Store, authority.Providers, new LedgerVerifierOptions { Evidence = authority.Store }, null, default);
        Assert.True(verified.IsIntact, string.Join("; ", verified.Findings));
    }

    [Fact]
    public async Task StartAsync_FromOneKeyToTwo_TheNewAnchorAloneDemandsBoth()
    {
        await using var authority = await TestAuthority.StartAsync();

        var (newLeaf, newWithOld, _) = await SwitchAsync(authority, RootPair);

        var (oldRoot, newRoot, newIssuing) = (authority.Ceremony.Root, authority.Services.Issuers.Find("root-2")!.Certificate, authority.Services.Issuers.Find("issuing-2")!.Certificate);
        Assert.IsType<ChainResult.Valid>(Validate(authority, newLeaf, [newIssuing], newRoot, AlternativeSignaturePolicy.Required));
        Assert.IsType<ChainResult.Valid>(Validate(authority, newLeaf, [newIssuing, newWithOld], oldRoot, AlternativeSignaturePolicy.WhenPresent));
        Assert.IsType<ChainResult.Invalid>(Validate(authority, newLeaf, [newIssuing, newWithOld], oldRoot, AlternativeSignaturePolicy.Required));
    }

    [Theory]
    [InlineData(false, "catalyst ecdsa-p384 + ml-dsa-65", null, "the root signs once (ecdsa-p384)")]
    [InlineData(true, "catalyst ecdsa-p384 + ml-dsa-65", null, null)]
    [InlineData(true, "ecdsa-p384", null, "CA 'issuing' signs twice (catalyst ecdsa-p256 + ml-dsa-44), its successor would sign once")]
    [InlineData(true, "ml-dsa-65", "ml-dsa-87", "CA 'root' signs twice (catalyst ecdsa-p384 + ml-dsa-44), its successor would sign once")]
    public async Task Plan_WhatDemandingBothWouldCome_IsSaid(bool pair, string keys, string? root, string? warning)
    {
        await using var authority = await TestAuthority.StartAsync(ceremony: c => !pair ? c : c with
        {
            Root = c.Root with { AlternativeKeyAlgorithm = KeyAlgorithm.MlDsa44 },
            Issuing = c.Issuing with { AlternativeKeyAlgorithm = KeyAlgorithm.MlDsa44 },
        });

        var plan = authority.Services.Successions.Plan(new SuccessionDraft("issuing", Parse(keys), root is null ? null : Parse(root)));

        Assert.Empty(plan.Obstacles);
        Assert.Equal(warning is not null, plan.Warnings.Any(w => w.Contains("once", StringComparison.Ordinal)));
        Assert.True(warning is null || plan.Warnings.Any(w => w.StartsWith(warning, StringComparison.Ordinal)), string.Join("; ", plan.Warnings));
    }

    [Fact]
    public async Task StartAsync_CutOffBetweenTheTwoSignatures_ContinuesWithBothKeys()
    {
        await using var authority = await TestAuthority.StartAsync();
        authority.Keys.BeforeSign = key => key.Reference.Label == "t-root-2-ca" ? throw new KeyUnavailableException("gone (test)", TimeSpan.FromSeconds(1)) : Task.CompletedTask;
        await Assert.ThrowsAsync<KeyUnavailableException>(async () => await authority.Services.Successions.StartAsync(new SuccessionDraft("issuing", Pair, RootPair), "admin:test", "c", default));
        authority.Keys.BeforeSign = null;
        await authority.RestartAsync();

        await SwitchAsync(authority, RootPair);

        Assert.Equal(RootPair, KeyKind.Of(authority.Services.Issuers.Find("root-2")!.Certificate));
        Assert.Equal(2, (await authority.EntriesAsync(LedgerEntryKind.KeyGenerated)).Count(e => e["state"] == "found"));
    }

    private static async Task<(Certificate NewLeaf, Certificate NewWithOld, Certificate OldWithNew)> SwitchAsync(TestAuthority authority, KeyKind root)
    {
        var successions = authority.Services.Successions;
        Assert.IsType<Outcome<SuccessionChange>.Done>(await successions.StartAsync(new SuccessionDraft("issuing", Pair, root), "admin:test", "c", default));
        Assert.IsType<Outcome<SuccessionChange>.Done>(await successions.SwitchAsync("issuing", "admin:test", "c", default));
        var record = authority.Services.Issuers.Successions.Single(s => s.Predecessor == "root");
        return ((await authority.AgentAsync("new.agents.test")).Certificate, Certificate.Parse(record.NewWithOld!), Certificate.Parse(record.OldWithNew!));
    }

    private static ChainResult Validate(TestAuthority authority, Certificate leaf, IEnumerable<Certificate> between, Certificate anchor, AlternativeSignaturePolicy policy) =>
        CertificateChain.Validate(leaf, between, [anchor], new ChainOptions(authority.Time.GetUtcNow()) { AlternativeSignatures = policy }, authority.Providers);

    private static KeyKind Parse(string text) => KeyKind.TryParse(text, out var kind, out var error) ? kind : throw new ArgumentException(error);
}
