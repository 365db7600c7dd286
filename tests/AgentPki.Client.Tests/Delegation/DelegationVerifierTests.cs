using AgentPki.Client.Delegation;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Client.Tests.Delegation;

public sealed class DelegationVerifierTests : IDisposable
{
    private readonly FamilyWorld _world = new();

    private static AgentPolicy Wide => Policy("""["tool.*:crm/**","db.read:**"]""", 3);

    private static AgentPolicy Middle => Policy("""["tool.invoke:crm/**"]""", 2);

    private static AgentPolicy Narrow => Policy("""["tool.invoke:crm/customers/*"]""", 0);

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Verify_ThreeGenerations_AreWalkedToTheRoot()
    {
        var (_, _, leaf) = await FamilyAsync();
        var valid = Assert.IsType<DelegationResult.Valid>(Verify(leaf));
        Assert.Equal(["spiffe://agents.test/boss/worker", "spiffe://agents.test/boss"], valid.Ancestors.Select(a => a.Certificate.SpiffeId!.ToString()));
        Assert.Equal(Narrow.Scopes, valid.Policy.Scopes);

        // As it is handed over.
        Assert.True(GrantBundle.TryParse(leaf.Bundle.ToJson(), out var read, out _));
        Assert.IsType<DelegationResult.Valid>(Verify(leaf with { Bundle = read }));
    }

    [Fact]
    public async Task Verify_ParentsCertificateHasEndedSince_IsValid()
    {
        var (_, _, leaf) = await FamilyAsync();
        _world.Clock.Turn(TimeSpan.FromDays(1));
        var renewed = leaf with { Certificate = _world.Issue(leaf.Key, "boss/worker/temp", leaf.Policy) };
        Assert.IsType<DelegationResult.Valid>(Verify(renewed));
    }

    [Fact]
    public async Task Verify_RootAgent_NeedsNoBundle()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        Assert.Empty(Assert.IsType<DelegationResult.Valid>(Verify(boss)).Ancestors);
    }

    [Fact]
    public async Task Verify_CriticalExtension_IsUnderstood()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        Assert.IsType<DelegationResult.Valid>(Verify(boss with { Certificate = _world.Issue(boss.Key, "boss", Wide, critical: true) }));
    }

    [Fact]
    public async Task Verify_CertificateWiderThanGranted_IsRefused()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        Refused("more than was granted", 0, Verify(await _world.ChildAsync(boss, "boss/worker", Narrow, certified: Middle)));
    }

    [Fact]
    public async Task Verify_GrantWiderThanParent_IsRefusedWhereverItStands()
    {
        var (_, worker, _) = await FamilyAsync();
        var greedy = await _world.ChildAsync(worker, "boss/worker/temp", Policy("""["db.read:**"]""", 0));
        Refused("not within the parent's policy: scope db.read:**", 0, Verify(greedy));

        var boss = await _world.RootAgentAsync("boss", Narrow with { });
        var middle = await _world.ChildAsync(boss with { Policy = Wide }, "boss/worker", Middle);
        Refused("not within the parent's policy", 1, Verify(await _world.ChildAsync(middle, "boss/worker/temp", Narrow)));
    }

    [Fact]
    public async Task Verify_SameDepthAsParent_IsRefused()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        Refused("a child has less", 0, Verify(await _world.ChildAsync(boss, "boss/worker", Policy("""["tool.invoke:crm/**"]""", 3))));
    }

    [Fact]
    public async Task Verify_MissingLink_IsRefused()
    {
        var (_, _, leaf) = await FamilyAsync();
        Refused("the bundle has no grant of that", 1, Verify(leaf with { Bundle = leaf.Bundle with { Links = leaf.Bundle.Links.RemoveAt(1) } }));
        Refused("names another grant", 0, Verify(leaf with { Bundle = leaf.Bundle with { Links = leaf.Bundle.Links.RemoveAt(0) } }));
        Refused("the bundle has no grant of that", 0, Verify(leaf with { Bundle = leaf.Bundle with { Links = [] } }));
    }

    [Fact]
    public async Task Verify_OneLinkMore_IsRefused()
    {
        var (_, worker, leaf) = await FamilyAsync();
        var boss = await _world.RootAgentAsync("boss", Wide);
        Refused("nobody's child", 0, Verify(boss with { Bundle = worker.Bundle }));
        Refused("names another grant", 0, Verify(leaf with { Bundle = leaf.Bundle with { Links = [.. leaf.Bundle.Links.Reverse()] } }));
    }

    [Fact]
    public async Task Verify_GrantOfASibling_IsRefused()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        var one = await _world.ChildAsync(boss, "boss/one", Middle);
        var two = await _world.ChildAsync(boss, "boss/two", Narrow);
        Refused("names another grant", 0, Verify(two with { Bundle = one.Bundle }));
        // A certificate that names the sibling's grant.
        Refused("names another grant", 0, Verify(two with { Certificate = _world.Issue(two.Key, "boss/two", one.Policy), Bundle = one.Bundle }));
    }

    [Fact]
    public async Task Verify_GrantBySomebodyElse_IsRefused()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        var stranger = await _world.RootAgentAsync("stranger", Wide);
        Refused("signature", 0, Verify(await _world.ChildAsync(boss, "boss/worker", Narrow, signer: stranger.Key)));
        Refused("another certificate", 0, Verify(await _world.ChildAsync(boss, "boss/worker", Narrow, signer: stranger.Key, signerCertificate: stranger.Certificate)));
        var forged = await _world.ChildAsync(stranger, "boss/worker", Narrow, iss: boss.Certificate.SpiffeId);
        Refused("names another grant", 0, Verify(forged)); // the certificate says whose child it is
    }

    [Fact]
    public async Task Verify_GrantedWithACertificateThatHadEnded_IsRefused()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        _world.Clock.Turn(TimeSpan.FromDays(1));
        Refused("when it granted", 0, Verify(await _world.ChildAsync(boss, "boss/worker", Narrow)));
    }

    [Fact]
    public async Task Verify_GrantOfTheFuture_IsRefused()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        Refused("has not come", 0, Verify(await _world.ChildAsync(boss, "boss/worker", Narrow, at: _world.Clock.GetUtcNow().AddMinutes(20))));
    }

    [Fact]
    public async Task Verify_ParentWithoutPolicy_IsRefused()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        var bare = boss with { Certificate = _world.Issue(boss.Key, "boss", null) };
        Refused("carries no agent policy", 0, Verify(await _world.ChildAsync(bare, "boss/worker", Narrow)));
        Refused("carries no agent policy", 0, Verify(bare));
    }

    [Fact]
    public async Task Verify_GrantThatNamesAnotherGrantAboveIt_IsRefused()
    {
        var (_, worker, _) = await FamilyAsync();
        Refused("another grant above it", 0, Verify(await _world.ChildAsync(worker, "boss/worker/temp", Narrow, parentGrant: new byte[32])));
    }

    [Fact]
    public async Task Verify_AnotherAuthority_IsRefused()
    {
        using var other = new FamilyWorld();
        var boss = await other.RootAgentAsync("boss", Wide);
        Refused("the certificate", 0, Verify(await other.ChildAsync(boss, "boss/worker", Narrow)));
        // A good certificate, and a parent of another authority of the same name.
        var own = await _world.RootAgentAsync("boss", Wide);
        var child = await _world.ChildAsync(own with { Certificate = other.Issue(own.Key, "boss", Wide) }, "boss/worker", Narrow);
        Refused("when it granted", 0, Verify(child));
    }

    [Fact]
    public async Task Verify_GrantSignedAgainByTheParentsNewKeyOrCertificate_IsAnotherGrant()
    {
        var (boss, worker, _) = await FamilyAsync();
        var key = await FamilyWorld.KeyAsync();
        var link = worker.Bundle.Links[0];
        foreach (var (signer, certificate) in new[] { (boss.Key, _world.Issue(boss.Key, "boss", Wide)), (key, _world.Issue(key, "boss", Wide)) })
        {
            // The same statement, by the same agent: what the child's certificate names is what was recorded, not what it says.
            var again = await SignedGrant.SignAsync(link.Grant.Statement, signer, certificate, TestContext.Current.CancellationToken);
            Refused("names another grant", 0, Verify(worker with { Bundle = worker.Bundle with { Links = [new GrantLink(again, certificate, null)] } }));
            Refused("another certificate", 0, Verify(worker with { Bundle = worker.Bundle with { Links = [link with { Signer = certificate }] } }));
        }
    }

    [Fact]
    public async Task Verify_GrantWithTheOtherHalfOfItsSignature_IsAnotherGrant()
    {
        // ECDSA: (r, n - s) verifies where (r, s) does.
        var (_, worker, _) = await FamilyAsync();
        var link = worker.Bundle.Links[0];
        var parts = link.Grant.Text.Split('.');
        var pair = System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]);
        var order = System.Numerics.BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
        var other = (order - new System.Numerics.BigInteger(pair.AsSpan(32), isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true);
        pair.AsSpan(32).Clear();
        other.CopyTo(pair, 64 - other.Length);
        Assert.True(SignedGrant.TryParse($"{parts[0]}.{parts[1]}.{System.Buffers.Text.Base64Url.EncodeToString(pair)}", out var twin, out _));
        Assert.Null(twin.WhyNotBy(link.Signer, _world.Providers));
        Refused("names another grant", 0, Verify(worker with { Bundle = worker.Bundle with { Links = [link with { Grant = twin }] } }));
    }

    [Fact]
    public async Task Verify_AnyOctetOfThePolicyInTheCertificateChanged_IsRefused()
    {
        var (_, worker, leaf) = await FamilyAsync();
        foreach (var (certificate, replaced) in new[] { (leaf.Certificate, 0), (worker.Certificate, 1) })
        {
            var extension = certificate.FindExtension(AgentPolicyDer.DefaultOid)!.Value.ToArray();
            var at = certificate.Der.Span.IndexOf(extension);
            Assert.True(at > 0);
            for (var i = 0; i < extension.Length; i++)
            {
                var der = certificate.Der.ToArray();
                der[at + i] ^= 1;
                if (Certificate.TryParse(der, out var tampered, out _))
                {
                    var member = replaced == 0 ? leaf with { Certificate = tampered } : leaf with { Bundle = leaf.Bundle with { Links = leaf.Bundle.Links.SetItem(0, leaf.Bundle.Links[0] with { Signer = tampered }) } };
                    Assert.Equal(0, Assert.IsType<DelegationResult.Invalid>(Verify(member)).Generation);
                }
            }
        }
    }

    [Fact]
    public async Task TryParse_AnyCharacterChanged_IsRefusedOrAnotherGrant()
    {
        var (_, _, leaf) = await FamilyAsync();
        var text = leaf.Bundle.Links[0].Grant.Text;
        for (var at = 0; at < text.Length; at += 3)
        {
            var changed = text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..];
            if (SignedGrant.TryParse(changed, out var grant, out _))
            {
                var link = leaf.Bundle.Links[0] with { Grant = grant };
                Assert.IsType<DelegationResult.Invalid>(Verify(leaf with { Bundle = leaf.Bundle with { Links = leaf.Bundle.Links.SetItem(0, link) } }));
            }
        }
    }

    [Theory]
    [InlineData("""{"iss":"spiffe://agents.test/a","sub":"spiffe://agents.test/a"}""", "are needed")]
    [InlineData("""{"scope":"**:**"}""", "a grant has no claim 'scope'")]
    [InlineData("""{"iat":"soon"}""", "right shape")]
    [InlineData("[]", "no object")]
    public async Task TryParse_Claims_AreRefusedWithTheReason(string claims, string says)
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        var text = await AgentPki.Cryptography.Jose.CompactJws.SignAsync(boss.Key, SignedGrant.Type, boss.Certificate.Fingerprint(), System.Text.Encoding.UTF8.GetBytes(claims), TestContext.Current.CancellationToken);
        Assert.False(SignedGrant.TryParse(text, out _, out var error));
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryCreate_WithoutAnEnd_IsRefused() =>
        Assert.False(GrantStatement.TryCreate(SpiffeId.Parse("spiffe://a/p"), SpiffeId.Parse("spiffe://a/c"), _world.Clock.GetUtcNow(), new byte[16], AgentPolicy.Nothing, null, null, out _, out _));

    private async Task<(Member Boss, Member Worker, Member Leaf)> FamilyAsync()
    {
        var boss = await _world.RootAgentAsync("boss", Wide);
        var worker = await _world.ChildAsync(boss, "boss/worker", Middle);
        return (boss, worker, await _world.ChildAsync(worker, "boss/worker/temp", Narrow));
    }

    private DelegationResult Verify(Member member) => new DelegationVerifier([_world.Root], _world.Providers, _world.Clock).Verify(member.Certificate, member.Bundle);

    private static void Refused(string says, int generation, DelegationResult result)
    {
        var invalid = Assert.IsType<DelegationResult.Invalid>(result);
        Assert.Contains(says, invalid.Reason, StringComparison.Ordinal);
        Assert.Equal(generation, invalid.Generation);
    }

    private static AgentPolicy Policy(string scopes, int depth) => AgentPolicyJson.Parse($$"""{"scopes":{{scopes}},"not_after":"2027-06-01T00:00:00Z","delegation_depth":{{depth}}}""");
}
