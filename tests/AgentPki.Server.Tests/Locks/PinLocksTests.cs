using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Doctor;
using AgentPki.Server.Home;
using AgentPki.Server.Locks;
using Xunit;

namespace AgentPki.Server.Tests.Locks;

/// <summary>Where a token's PIN comes from when the appliance starts: the configuration's word, or a ceremony's, and what is said when it is not there.</summary>
public sealed class PinLocksTests : IDisposable
{
    private static readonly CryptoProviders Software = new(new PlatformProvider(), new BouncyCastleProvider());
    private readonly TemporaryFolder _folder = new();
    private readonly ApplianceHome _home;

    public PinLocksTests()
    {
        _home = new ApplianceHome(_folder.File("home"));
        HomeFolder.Prepare(_home);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task OriginOf_SharedPinAndNoFile_IsQuorumUnlessTheConfigurationOrAFileSaysOtherwise()
    {
        var options = Options("");
        Assert.Equal(PinOrigin.File, Origin(options));
        await SealAsync();
        Assert.Equal(PinOrigin.Quorum, Origin(options));
        Assert.Equal(PinOrigin.Sealed, Origin(Options("pin: sealed")));
        File.WriteAllText(_home.UserPin, "12345678");
        Assert.Equal(PinOrigin.File, Origin(options));
        Assert.Equal(PinOrigin.Quorum, Origin(Options("pin: quorum")));
    }

    [Fact]
    public void Read_PinThatIsNotText_IsReportedWithTheField() =>
        Assert.Contains(ConfigurationReader.Read("token:\n  pin: nowhere\n", "agentpki.yaml", static _ => null).Problems, p => p.ToString().Contains("token.pin", StringComparison.Ordinal));

    [Fact]
    public void OptionsOf_SealedWithoutCredential_SaysHowToSealIt()
    {
        var error = Assert.Throws<CommandException>(() => TokenAccess.OptionsOf(_home, Options("pin: sealed"), static _ => null));
        Assert.Contains("no credential 'pkcs11-pin'", error.Message, StringComparison.Ordinal);
        Assert.Contains("systemd-creds encrypt", error.Remedy, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("pkcs11-pin"), "12345678");
        var found = TokenAccess.OptionsOf(_home, Options("pin: sealed"), name => name == "CREDENTIALS_DIRECTORY" ? _folder.Path : null);
        Assert.Equal(_folder.File("pkcs11-pin"), Assert.IsType<PinInFile>(Assert.Single(found).Pin).Path);
    }

    [Fact]
    public async Task Load_QuorumWithAndWithoutTheSharedPin_GathersOrSaysWhatIsMissing()
    {
        var options = Options("pin: quorum");
        var missing = Assert.Throws<CommandException>(() => PinLocks.Load(_home, options, static _ => null, TimeProvider.System));
        Assert.Contains("pin.sealed.json is not there", missing.Message, StringComparison.Ordinal);
        var secret = await SealAsync();
        using var locks = PinLocks.Load(_home, options, static _ => null, TimeProvider.System);
        Assert.Equal((secret.Id, 2, false), (Assert.Single(locks.Locks.All).Sealing, locks.Locks.All[0].Threshold, locks.Locks.AreOpen));
        var access = Assert.Single(TokenAccess.OptionsOf(_home, options, static _ => null, locks));
        Assert.Same(locks.Find("softhsm"), access.Pin);
        var finding = TokenChecks.StartOf("token", new DoctorContext(_home, options, TimeProvider.System, static _ => null, Running: false), "softhsm", PinOrigin.Quorum);
        Assert.Contains("starts locked: 2 of 2 officers open it (ada, bob)", finding.Detail, StringComparison.Ordinal);

        await File.WriteAllTextAsync(_home.SealedPin(securityOfficer: false, null), "{}", TestContext.Current.CancellationToken);
        Assert.Contains("cannot be used", Assert.Throws<CommandException>(() => PinLocks.Load(_home, options, static _ => null, TimeProvider.System)).Message, StringComparison.Ordinal);
    }

    private PinOrigin Origin(ApplianceOptions options) => PinLocks.OriginOf(_home, options, options.Tokens[0], static _ => null);

    private static ApplianceOptions Options(string token) => ConfigurationReader.Read($"token:\n  kind: softhsm\n  {token}\n", "agentpki.yaml", static _ => null).Options;

    private async Task<SealedSecret> SealAsync()
    {
        var officers = new List<Officer>();
        foreach (var name in (string[])["ada", "bob"])
        {
            officers.Add((await OfficerKeyFile.CreateAsync(name, name, KeyAlgorithm.EcdsaP256, "a long passphrase"u8.ToArray(), Software, default)).Officer);
        }

        var secret = await SealedSecret.SealAsync("12345678"u8.ToArray(), "user PIN", OfficerRoster.Of(2, officers), Software, default);
        PrivateFile.Write(_home.SealedPin(securityOfficer: false, null), secret.Encode());
        return secret;
    }
}
