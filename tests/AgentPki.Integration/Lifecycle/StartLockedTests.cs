using System.Net.Sockets;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Lifecycle;

/// <summary>An appliance that starts locked: alive, not ready, and open when two of three officers want it.</summary>
public sealed class StartLockedTests
{
    private const int ShareGiven = 44, TokensLocked = 45, AdminRefused = 40;

    [Fact]
    [Trait("tier", "full")]
    public async Task Serve_TokenOfOfficers_StartsLockedOpensForTwoAndLocksAgain()
    {
        await using var home = await LockedHome.MakeAsync();
        await home.ServeAsync();
        await home.LockedAsync("locked: 0 of 2 officers have opened token 'softhsm'");
        await AssertServesWhatIsThereAsync(home);

        var foreign = await home.SealAsync(home.Pin.TrimEnd());
        Assert.Contains("belongs to another sealing", await RefusedAsync(home, await home.ShareAsync("ada", foreign), 409), StringComparison.Ordinal);
        Assert.Contains("is no officer", await RefusedAsync(home, [1, 2, 3], 400), StringComparison.Ordinal);
        Assert.Equal(415, (await home.GiveAsync(await home.ShareAsync("ada"), "application/json")).Status);
        Assert.Equal(413, (await home.GiveAsync(new byte[5000])).Status);

        // The first by the command at a terminal: a wrong passphrase first, then the right one.
        var (wrong, said) = await home.UnlockAsync("eve", "not the passphrase");
        Assert.NotEqual(0, wrong);
        Assert.Contains("the passphrase does not open the file", said, StringComparison.Ordinal);
        var (right, told) = await home.UnlockAsync("eve", LockedHome.Passphrase);
        Assert.Equal((0, true), (right, told.Contains("1 of 2 officers (eve)", StringComparison.Ordinal)));
        Assert.DoesNotContain(LockedHome.Passphrase, told, StringComparison.Ordinal);
        Assert.Contains("has given a share already", await RefusedAsync(home, await home.ShareAsync("eve"), 409), StringComparison.Ordinal);
        await home.LockedAsync("locked: 1 of 2 officers have opened token 'softhsm'");

        Assert.Equal(200, (await home.GiveAsync(await home.ShareAsync("ada"))).Status);
        await home.ReadyAsync();
        var status = (await home.Appliance.Cli.RunAsync("status")).MustSucceed().Text;
        Assert.Contains("starts locked, 2 of 3 officers open it; open", status, StringComparison.Ordinal);
        var doctor = await home.Appliance.Cli.RunAsync("doctor");
        Assert.Contains("starts locked: 2 of 3 officers open it (ada, bob, eve)", doctor.Text, StringComparison.Ordinal);
        Assert.Equal(404, (await home.GiveAsync(await home.ShareAsync("bob"))).Status);

        (await home.Appliance.Cli.RunAsync("lock")).MustSucceed();
        await home.LockedAsync("locked: 0 of 2 officers");
        (await home.Appliance.Cli.RunAsync("unlock", home.FileOf("ada", "officer"), "--key", home.FileOf("ada", "key"))).MustFail();
        Assert.Equal(0, await home.StopAsync());

        var kinds = new HomeStore(home.Appliance.Home).LedgerFrom(0);
        Assert.Equal(2, kinds.Count(k => k.Kind == ShareGiven));
        Assert.Equal(1, kinds.Count(k => k.Kind == TokensLocked));
        Assert.Equal(Reasons, kinds.Where(k => k.Kind == AdminRefused).Select(k => Reasons.Single(r => k.Details.Contains(r, StringComparison.Ordinal))));
        Assert.DoesNotContain(home.Pin.TrimEnd(), home.Log, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Serve_PinThatTheTokenRefuses_IsLockedAgainWithTheReasonAndOpensAfterIt()
    {
        await using var home = await LockedHome.MakeAsync();
        await home.InstallAsync(await home.SealAsync("000000000000000000000000"));
        await home.ServeAsync();
        var stale = AgentPki.Authority.Ceremony.Quorum.SealedSecret.TryParse(await File.ReadAllBytesAsync(Path.Combine(home.Appliance.Home, "secrets", "pin.sealed.json")), out var secret, out _) ? secret : null;
        foreach (var officer in (string[])["ada", "bob"])
        {
            Assert.Equal(200, (await home.GiveAsync(await home.ShareAsync(officer, stale))).Status);
        }

        await Eventually.TrueAsync(() => Task.FromResult(home.Log.Contains("Locked again", StringComparison.Ordinal)), TimeSpan.FromSeconds(60), () => home.Log);
        await home.LockedAsync("locked: 0 of 2 officers");
        Assert.Contains("CKR_PIN_INCORRECT", (await home.Appliance.Cli.RunAsync("status")).Text, StringComparison.Ordinal);
        await home.KillAsync();

        // Killed while it is open, it is locked when it comes back.
        await home.InstallAsync(home.Sealed!);
        await home.ServeAsync();
        foreach (var officer in (string[])["bob", "eve"])
        {
            Assert.Equal(200, (await home.GiveAsync(await home.ShareAsync(officer))).Status);
        }

        await home.ReadyAsync();
        await home.KillAsync();
        await home.ServeAsync();
        await home.LockedAsync("locked: 0 of 2 officers");
        (await home.Appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    private static readonly string[] Reasons = ["another sealing", "is no officer", "the Content-Type must be", "larger than", "has given a share already"];

    private static async Task AssertServesWhatIsThereAsync(LockedHome home)
    {
        Assert.Equal(200, (await home.GetAsync("/crl/issuing.crl"))!.Status);
        Assert.Equal(200, (await home.GetAsync("/ca/issuing.cer"))!.Status);
        Assert.Equal(Convert.FromHexString("30030A0103"), (await home.GetAsync("/ocsp/MAAA"))!.Body);
        var other = await home.GetAsync("/revocations/head");
        Assert.Equal((503, true), (other!.Status, other.Text.Contains("0 of 2 officers", StringComparison.Ordinal)));
        await Assert.ThrowsAsync<SocketException>(async () => await home.Appliance.Https().ExchangeAsync(Requests.Get("/.well-known/est/cacerts")));
        var status = await home.Appliance.Cli.RunAsync("status");
        Assert.NotEqual(0, status.ExitCode);
        Assert.Contains("locked, 0 of 2 have", status.Text, StringComparison.Ordinal);
        Assert.Contains("ocked: 0 of 2 officers", (await home.Appliance.Cli.RunAsync("agent", "list")).MustFail().Error, StringComparison.Ordinal);
    }

    private static async Task<string> RefusedAsync(LockedHome home, byte[] octets, int status)
    {
        var answer = await home.GiveAsync(octets);
        Assert.Equal(status, answer.Status);
        return answer.Text;
    }
}
