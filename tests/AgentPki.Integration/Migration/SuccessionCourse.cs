using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Est;
using AgentPki.Integration.Harness;
using AgentPki.X509.Certificates;

namespace AgentPki.Integration.Migration;

/// <summary>A succession with a new root, from its start to its switch, and what agents and relying parties hold before and after, as PEM files.</summary>
internal sealed class SuccessionCourse
{
    private SuccessionCourse(TempFolder folder) => Folder = folder;

    public TempFolder Folder { get; }

    /// <summary>As relying parties had it before.</summary>
    public string OldAnchor => Folder.File("old-root.pem");

    public required string NewAnchor { get; init; }

    public required string OldIssuing { get; init; }

    public required string NewIssuing { get; init; }

    public required string NewWithOld { get; init; }

    public required string OldWithNew { get; init; }

    /// <summary>An agent enrolled before, and the certificate and key that it got by renewing with that after the switch.</summary>
    public required EnrolledAgent Before { get; init; }

    public required EnrolledAgent After { get; init; }

    public string OldLeaf => Folder.File("old-leaf.pem");

    public string NewLeaf => Folder.File("new-leaf.pem");

    /// <summary>Starts and switches; the agent renews over mTLS with what it has.</summary>
    /// <param name="options">What follows <c>migrate ca start</c>; a new root is among it.</param>
    public static async Task<SuccessionCourse> RunAsync(Appliance appliance, TempFolder folder, params string[] options)
    {
        File.Copy(appliance.AnchorsFile, folder.File("old-root.pem"));
        var before = await EnrolledAgent.CreateAsync(appliance, "old");
        var oldIssuing = (await GivenOutAsync(appliance))[0];

        Assert.Contains("issuing-2", (await appliance.Cli.RunAsync(["migrate", "ca", "plan", .. options])).MustSucceed().Text, StringComparison.Ordinal);
        (await appliance.Cli.RunAsync(["migrate", "ca", "start", .. options])).MustSucceed();
        var given = await GivenOutAsync(appliance);
        Assert.Equal(6, given.Count);
        Assert.Equal(oldIssuing, given[0]);
        (await appliance.Cli.RunAsync("migrate", "ca", "switch")).MustSucceed();

        var after = await before.RenewAsync(appliance);
        given = await GivenOutAsync(appliance);
        Assert.Equal(6, given.Count);
        var rollOver = new X509Certificate2Collection();
        rollOver.ImportFromPemFile(Path.Combine(appliance.Home, "anchors", "rollover.pem"));
        Assert.Equal(2, rollOver.Count);
        Assert.All(rollOver, c => Assert.Contains(Certificate.Parse(c.RawData), given));
        Write(folder, "old-leaf.pem", before.Certificate.RawData);
        Write(folder, "new-leaf.pem", after.Certificate.RawData);
        return new SuccessionCourse(folder)
        {
            NewAnchor = Copy(folder, Path.Combine(appliance.Home, "anchors", "roots.pem")),
            OldIssuing = Write(folder, "old-issuing.pem", oldIssuing.Der.Span),
            NewIssuing = Write(folder, "new-issuing.pem", given[0].Der.Span),
            NewWithOld = Write(folder, "new-with-old.pem", rollOver[0].RawData),
            OldWithNew = Write(folder, "old-with-new.pem", rollOver[1].RawData),
            Before = before,
            After = after,
        };
    }

    /// <summary>What cacerts gives a client that trusts the anchors file as it lies there.</summary>
    public static async Task<IReadOnlyList<Certificate>> GivenOutAsync(Appliance appliance)
    {
        var anchors = appliance.Anchors().Select(a => Certificate.Parse(a.RawData)).ToList();
        using var est = new EstClient(new EstClientOptions(new Uri($"https://localhost:{appliance.HttpsPort}"), anchors), TimeProvider.System);
        return await est.GetCaCertificatesAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Old anchor and new leaf, new anchor and old leaf, new anchor and new leaf are accepted; without the roll-over certificates the first two are not.</summary>
    /// <param name="verify">Judges a leaf by an anchor and what lies between; null when it is accepted, else why not.</param>
    public async Task AssertFollowedBothWaysAsync(Func<string, string, string[], Task<string?>> verify)
    {
        Assert.Null(await verify(OldAnchor, NewLeaf, [NewIssuing, NewWithOld]));
        Assert.Null(await verify(NewAnchor, OldLeaf, [OldIssuing, OldWithNew]));
        Assert.Null(await verify(NewAnchor, NewLeaf, [NewIssuing]));
        Assert.Null(await verify(OldAnchor, OldLeaf, [OldIssuing]));
        Assert.NotNull(await verify(OldAnchor, NewLeaf, [NewIssuing]));
        Assert.NotNull(await verify(NewAnchor, OldLeaf, [OldIssuing]));
    }

    private static string Copy(TempFolder folder, string file)
    {
        File.Copy(file, folder.File("new-root.pem"));
        return folder.File("new-root.pem");
    }

    private static string Write(TempFolder folder, string name, ReadOnlySpan<byte> der)
    {
        File.WriteAllText(folder.File(name), PemEncoding.WriteString("CERTIFICATE", der));
        return folder.File(name);
    }
}
