using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Doctor;
using AgentPki.Server.Home;
using AgentPki.Storage;
using AgentPki.Testing.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Server.Tests.Doctor;

/// <summary>What the doctor is called for: rows and keys that are not as they should be are findings, and the examination goes on.</summary>
public sealed class DamagedAuthorityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("root", "issuing")]
    [InlineData("issuing", "root")]
    public async Task Database_CertificateOfACaIsDamaged_IsAFindingAndTheOthersGoOn(string damaged, string readable)
    {
        await using var authority = await TestAuthority.StartAsync();
        var context = await HomeAsync(authority, record => record.Name == damaged ? record with { Der = record.Der[..^7] } : record);

        var result = await DatabaseChecks.RunAsync(context, Token);

        var finding = Assert.Single(result.Findings, f => f.Check == $"ca {damaged}");
        Assert.Equal((Verdict.Fail, ExaminedAuthority.Restore), (finding.Verdict, finding.Remedy));
        Assert.StartsWith("its certificate in the database is damaged: ", finding.Detail, StringComparison.Ordinal);
        Assert.Equal([readable], result.Authorities.Select(a => a.Record.Name));
        Assert.Contains(result.Findings, f => f.Check == "authorities" && f.Detail.StartsWith("root (signs ", StringComparison.Ordinal));
        Assert.Contains(result.Findings, f => f.Check == "tls issuer" && f.Verdict == (damaged == "issuing" ? Verdict.Fail : Verdict.Ok));
    }

    [Fact]
    public async Task Key_ThatTheProviderCannotUse_IsAFinding()
    {
        var provider = new HookedProvider(new PlatformProvider());
        await using var key = await provider.GenerateAsync(new KeySpec("ca", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Token);
        provider.BeforeSign = _ => throw new NotSupportedException("no such thing here (test)");

        var finding = await AuthorityKeyChecks.ExamineAsync("ca key x", key.Reference, SignatureAlgorithm.EcdsaSha256, key.PublicKey, new CryptoProviders(provider), name => name, Token);

        Assert.Equal((Verdict.Fail, "ecdsa-p256: no such thing here (test)"), (finding.Verdict, finding.Detail));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A home whose database has the CAs of that authority, changed.</summary>
    private async Task<DoctorContext> HomeAsync(TestAuthority authority, Func<AuthorityRecord, AuthorityRecord> change)
    {
        var home = new ApplianceHome(_folder.Path);
        HomeFolder.Prepare(home);
        ProfileFiles.WriteDefaults(home, _ => null);
        var (options, problems) = ConfigurationReader.Read("trustDomain: a.test", "f.yaml", _ => null);
        Assert.Empty(problems);
        await using var store = await SqliteStore.OpenAsync(ApplianceParts.StoreOptionsOf(home, options), TimeProvider.System, NullLogger<SqliteStore>.Instance, Token);
        foreach (var record in await ((IAuthorityStore)authority.Store).ListAsync(Token))
        {
            Assert.IsType<CommitOutcome.Committed>(store.Apply([new CommitRequest(null, [new StoreChange.AddAuthority(change(record))])])[0]);
        }

        return new DoctorContext(home, options, TimeProvider.System, _ => null, false);
    }
}
