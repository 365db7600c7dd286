using System.Text.RegularExpressions;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Storage.Sql;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Storage.Tests;

/// <summary>A database as it was before certificates had their kind of key and the halves of composites written down (0004, 0005), with what it held then, opened by this build.</summary>
public sealed class BackfillTests
{
    private const int Batch = 5000; // that many a transaction
    private static readonly KeyAlgorithm[] Kinds = [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.MlDsa65, KeyAlgorithm.MlDsa65EcdsaP256];
    private readonly CancellationToken token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Open_BeforeKindsOfKeysWereWrittenDown_FillsThemInAndCampaignsFindThem()
    {
        using var folder = new TemporaryFolder();
        var certificates = await MakeOldAsync(folder, more: 0);

        await using var store = await folder.OpenAsync();

        foreach (var certificate in certificates)
        {
            var found = await ((ICertificateStore)store).FindAsync("issuing", certificate.SerialNumber, token);
            Assert.Equal(certificate.PublicKey.Algorithm, found!.Certificate.KeyAlgorithm);
            Assert.Equal(certificate.Der.ToArray(), found.Certificate.Der);
        }

        // What this build cannot read is told from what it has not looked at.
        Assert.Equal(1, Count(folder, "algorithm = ''"));
        Assert.Equal(0, Count(folder, "algorithm IS NULL"));
        var held = new List<(string Agent, string? Kind)>();
        await foreach (var holder in ((ICampaignStore)store).ListHoldersAsync(certificates[0].NotBefore.AddHours(1), token))
        {
            held.Add((holder.AgentId, holder.Algorithm?.Name));
        }

        Assert.Equal([.. Kinds.Select(k => ($"spiffe://a.test/{k}", (string?)k.Name)).Append(("spiffe://a.test/broken", null)).Order()], held.Order());
    }

    [Fact]
    public Task Open_BeforeHalvesWereWrittenDown_BindsThoseOfBothKeysOnce() => BindsHalvesOnceAsync(more: 0);

    [Fact]
    [Trait("tier", "full")]
    public Task Open_MoreCompositesThanABatch_BindsTheHalvesOfAll() => BindsHalvesOnceAsync(more: Batch);

    private async Task BindsHalvesOnceAsync(int more)
    {
        using var folder = new TemporaryFolder();
        var certificates = await MakeOldAsync(folder, more, ofKind: 3);
        var pair = await PairAsync();
        using (var old = SqlSession.Open(folder.Database))
        {
            Insert(old, 90, "pair", pair.SerialNumber.ToArray(), pair.Der.ToArray(), pair);
        }

        await using (var opened = await folder.OpenAsync())
        {
            var store = (ICertificateStore)opened;
            foreach (var (whole, bound) in certificates.Append(pair).SelectMany(c => new[] { c.PublicKey, c.AlternativePublicKey }).OfType<PublicKey>().Select(k => (k, k.Algorithm == KeyAlgorithm.MlDsa65EcdsaP256)))
            {
                Assert.Equal(bound, whole.TryGetHalves(out var mlDsa, out var traditional));
                foreach (var half in new[] { mlDsa, traditional }.OfType<PublicKey>())
                {
                    Assert.True(await store.IsCompositeHalfAsync(half.Fingerprint(), token));
                }

                Assert.False(await store.IsCompositeHalfAsync(whole.Fingerprint(), token));
            }
        }

        // Once: what is taken away is not looked for again; without the mark, as after a cut, it is.
        Assert.Equal(4, Count(folder, "true", "key_halves"));
        Change(folder, "DELETE FROM key_halves");
        await using (await folder.OpenAsync())
        {
        }

        Assert.Equal(0, Count(folder, "true", "key_halves"));
        Change(folder, "DELETE FROM backfills");
        await using (await folder.OpenAsync())
        {
        }

        Assert.Equal(4, Count(folder, "true", "key_halves"));
    }

    [Fact]
    public async Task Open_BeforeSecondKeysWereWrittenDown_FindsThemAndBlocksThoseOfACompromise()
    {
        using var folder = new TemporaryFolder();
        var single = (await MakeOldAsync(folder, more: 0))[0];
        var (compromised, good) = (await PairAsync(), await PairAsync());
        using (var old = SqlSession.Open(folder.Database))
        {
            Insert(old, 90, "compromised", compromised.SerialNumber.ToArray(), compromised.Der.ToArray(), compromised);
            Insert(old, 91, "good", good.SerialNumber.ToArray(), good.Der.ToArray(), good);
            foreach (var revoked in new[] { compromised, single })
            {
                old.Prepared("INSERT INTO revocations (authority, serial, time, reason, epoch, leaf, not_after) VALUES (1, ?1, 1, 1, 1, 0, ?2)").Bind(1, revoked.SerialNumber.Span).Bind(2, revoked.NotAfter).Execute();
            }
        }

        await using (var opened = await folder.OpenAsync())
        {
            var store = (ICertificateStore)opened;
            foreach (var (pair, blocked) in new[] { (compromised, (RevocationReason?)RevocationReason.KeyCompromise), (good, null) })
            {
                var key = pair.AlternativePublicKey!.Fingerprint();
                Assert.Equal(pair.Der.ToArray(), Assert.Single(await store.ListByKeyAsync(key, 10, token)).Certificate.Der);
                Assert.Equal(key, (await store.FindAsync("issuing", pair.SerialNumber, token))!.Certificate.AlternativeKeyFingerprint);
                Assert.Equal(blocked, (await store.FindKeyAsync(key, token))!.Blocked);
            }
        }

        // Once.
        Assert.Equal(2, Count(folder, "alternative_key IS NOT NULL"));
        Change(folder, "UPDATE certificates SET alternative_key = NULL");
        await using (await folder.OpenAsync())
        {
        }

        Assert.Equal(0, Count(folder, "alternative_key IS NOT NULL"));
    }

    [Fact]
    public async Task Open_BeforeHoldsWereTold_LeavesTheSuspendedToWhoeverActivatesThem()
    {
        using var folder = new TemporaryFolder();
        await MakeOldAsync(folder, more: 0);
        using (var old = SqlSession.Open(folder.Database))
        {
            old.Execute("UPDATE agents SET state = 1 WHERE id IN (2, 3)");
            old.Execute("INSERT INTO revocations (authority, serial, time, reason, epoch, leaf, not_after) SELECT authority, serial, 1, 6, 1, 0, not_after FROM certificates WHERE agent IN (2, 5)");
        }

        await using (await folder.OpenAsync())
        {
        }

        // Why they were suspended is not told: the end of a hold must not let go whom somebody suspended for something else.
        Assert.Equal((2, 0), (Count(folder, "state = 1", "agents"), Count(folder, "held = 1", "agents")));
    }

    [Fact]
    public async Task Open_MoreThanABatchCutOffInTheMiddle_GoesOnWhereItStopped()
    {
        using var folder = new TemporaryFolder();
        await MakeOldAsync(folder, more: Batch);
        await using (await folder.OpenAsync())
        {
        }

        Assert.Equal(Batch + 1, Count(folder, $"algorithm = '{KeyAlgorithm.EcdsaP256}'"));

        // The first batch was committed when the process died; what it wrote is not looked at again.
        Change(folder, $"UPDATE certificates SET algorithm = CASE WHEN id > {Batch} THEN NULL ELSE 'kept' END");
        await using (await folder.OpenAsync())
        {
        }

        Assert.Equal((Batch, 0), (Count(folder, "algorithm = 'kept'"), Count(folder, "algorithm IS NULL")));
        Assert.Equal(Kinds.Length + 1, Count(folder, "algorithm <> 'kept'"));
    }

    /// <summary>An agent's certificate about two keys, the second a composite.</summary>
    private static async Task<Certificate> PairAsync()
    {
        var profiles = ProfileCatalog.Read(ProfileCatalog.DefaultTexts().Select(text => text.File == "agent.yaml"
            ? (text.File, Regex.Replace(text.Yaml, @"keys: \[[^\]]*\]", "keys: [catalyst ecdsa-p256 + mldsa65-ecdsa-p256]").Replace("serverKeyGeneration: true", "serverKeyGeneration: false", StringComparison.Ordinal))
            : text));
        await using var authority = await TestAuthority.StartAsync(profiles: profiles);
        await using var key = await TestAuthority.KeyAsync();
        await using var second = await TestAuthority.KeyAsync(KeyAlgorithm.MlDsa65EcdsaP256);
        var request = await TestAuthority.RequestAsync(key, "pair.agents.test", options: new Pkcs10Options { AlternativeKey = second });
        return Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(request, await authority.CredentialAsync())).Certificate;
    }

    /// <summary>The schema before 0004, one certificate of each kind in another agent's hands, so many more of one kind, and octets that are no certificate.</summary>
    private static async Task<IReadOnlyList<Certificate>> MakeOldAsync(TemporaryFolder folder, int more, int ofKind = 0)
    {
        await using var authority = await TestAuthority.StartAsync();
        var certificates = new List<Certificate>();
        foreach (var kind in Kinds)
        {
            certificates.Add((await authority.AgentAsync($"{kind}.agents.test", algorithm: kind)).Certificate);
        }

        using var old = SqlSession.Open(folder.Database);
        old.ExecuteOnce("PRAGMA journal_mode = WAL");
        Assert.Equal(3, Migrator.Upgrade(old, folder.Database, [.. Migrator.Scripts.Take(3)]));
        old.Prepared("INSERT INTO log (id, created) VALUES (?1, 1)").Bind(1, new byte[16]).Execute();
        old.Prepared("INSERT INTO authorities (id, name, issuer, key_provider, key_label, signature, der, created) VALUES (1, 'issuing', 'issuing', 'p', 'l', 'ecdsa-sha256', ?1, 1)")
            .Bind(1, authority.Ceremony.Issuing.Der.ToArray()).Execute();
        Insert(old, 1, "broken", [1], [0x30, 0x00], certificates[0]);
        old.Execute("BEGIN");
        for (var i = 0; i < more; i++)
        {
            InsertCertificate(old, BitConverter.GetBytes(i + (1 << 24)), certificates[ofKind].Der.ToArray(), key: 1, agent: 1, certificates[ofKind]);
        }

        old.Execute("COMMIT");
        for (var i = 0; i < certificates.Count; i++)
        {
            Insert(old, i + 2, Kinds[i].Name, certificates[i].SerialNumber.ToArray(), certificates[i].Der.ToArray(), certificates[i]);
        }

        return certificates;
    }

    private static void Insert(SqlSession old, int id, string agent, byte[] serial, byte[] der, Certificate times)
    {
        old.Prepared("INSERT INTO agents (id, name, owner, profile, state, registered) VALUES (?1, ?2, 'team', 'agent', 0, 1)").Bind(1, id).Bind(2, $"spiffe://a.test/{agent}").Execute();
        old.Prepared("INSERT INTO keys (id, fingerprint, agent) VALUES (?1, ?2, ?1)").Bind(1, id).Bind(2, Enumerable.Repeat((byte)id, 32).ToArray()).Execute();
        InsertCertificate(old, serial, der, id, id, times);
    }

    private static void InsertCertificate(SqlSession old, byte[] serial, byte[] der, int key, int agent, Certificate times) =>
        old.Prepared("INSERT INTO certificates (authority, serial, key, agent, leaf, profile, not_before, not_after, issued, requester, der) VALUES (1, ?1, ?2, ?3, 0, 'agent', ?4, ?5, ?4, 'r', ?6)")
            .Bind(1, serial).Bind(2, key).Bind(3, agent).Bind(4, times.NotBefore).Bind(5, times.NotAfter).Bind(6, der).Execute();

    private static long Count(TemporaryFolder folder, string where, string table = "certificates")
    {
        using var database = SqlSession.Open(folder.Database, readOnly: true);
        return database.QueryInt64($"SELECT count(*) FROM {table} WHERE {where}");
    }

    private static void Change(TemporaryFolder folder, string sql)
    {
        using var database = SqlSession.Open(folder.Database);
        database.ExecuteOnce(sql);
    }
}
