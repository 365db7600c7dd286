using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>
/// C's, on libcurl and GnuTLS. It has no option for a CA and reads only the system's list: it runs in a mount namespace of its own, in which that list is the appliance's anchor.
/// </summary>
[Collection(AcmeClientCollection.Name)]
public sealed class UacmeTests(SharedAppliance shared)
{
    private const string SystemAnchors = "/etc/ssl/certs/ca-certificates.crt";

    [Fact]
    public async Task Uacme_Stock_Obtains()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var (server, hook) = await HookAsync(bench);
        await using var web = server;
        var name = Csr.NewName("uacme");
        await RunAsync(bench, "-t", "EC", "new", "ops@agents.test");
        await RunAsync(bench, "-t", "EC", "-h", hook, "issue", name);
        await bench.JudgeAsync(Chain(bench, name), Key(bench, name), name);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Uacme_WholeLife_WithExternalKeyKeyChangeAndRevocation()
    {
        using var bench = await AcmeBench.NewAsync(shared);
        var (server, hook) = await HookAsync(bench);
        await using var web = server;
        var (id, secret) = await bench.NewExternalKeyAsync();
        var (name, alternative) = (Csr.NewName("uacme"), Csr.NewName("uacme"));
        await RunAsync(bench, "-t", "EC", "-e", $"{id}:{secret}", "new", "ops@agents.test");
        await RunAsync(bench, "-t", "EC", "-b", "384", "-h", hook, "issue", name, alternative);
        var first = await bench.JudgeAsync(Chain(bench, name), Key(bench, name), name, alternative);

        await RunAsync(bench, "-t", "EC", "newkey");
        await RunAsync(bench, "update", "others@agents.test");
        await RunAsync(bench, "-f", "-o", "-h", hook, "issue", name, alternative);
        var second = await bench.JudgeAsync(Chain(bench, name), Key(bench, name), name, alternative);
        Assert.NotEqual(first, second);

        await RunAsync(bench, "-r", "4", "revoke", Chain(bench, name));
        bench.AssertRevoked(second, reason: 4);
        await RunAsync(bench, "deactivate");
        (await TryAsync(bench, "-h", hook, "issue", Csr.NewName("uacme"))).MustFail();
    }

    private static string Chain(AcmeBench bench, string name) => bench.Folder.File(Path.Combine("uacme", name, "cert.pem"));

    private static string Key(AcmeBench bench, string name) => bench.Folder.File(Path.Combine("uacme", "private", name, "key.pem"));

    private static async Task RunAsync(AcmeBench bench, params string[] arguments) => (await TryAsync(bench, arguments)).MustSucceed();

    // Whoever is not root makes himself root of a namespace: only there may he mount.
    private static Task<ToolResult> TryAsync(AcmeBench bench, params string[] arguments) => Tool.RunAsync(
        "unshare",
        [.. Environment.IsPrivilegedProcess ? ["--mount"] : new[] { "--map-root-user", "--mount" }, "sh", "-c", $"mount --bind \"$1\" {SystemAnchors} && shift && exec uacme \"$@\"", "sh", bench.Anchors,
            "-v", "-y", "-a", bench.Directory, "-c", Directory.CreateDirectory(bench.Folder.File("uacme")).FullName, .. arguments],
        folder: bench.Folder.Path);

    private static async Task<(ChallengeFolder Server, string Hook)> HookAsync(AcmeBench bench)
    {
        var (server, www) = ChallengeFolder.Of(bench.Folder, bench.Targets.Http01Port);
        var hook = bench.Folder.File("uacme-hook.sh");
        await File.WriteAllTextAsync(hook, $"""
            #!/bin/sh
            # begin|done|failed TYPE IDENTIFIER TOKEN AUTHORIZATION
            [ "$2" = http-01 ] || exit 1
            case $1 in
            begin) printf %s "$5" >'{www}'/"$4" ;;
            *) rm -f '{www}'/"$4" ;;
            esac
            """);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return (server, hook);
    }
}
