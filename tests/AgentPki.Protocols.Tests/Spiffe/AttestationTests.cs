using System.Diagnostics;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Protocols.Spiffe.Attestation.Kubernetes;
using AgentPki.Protocols.Spiffe.Attestation.Systemd;

namespace AgentPki.Protocols.Tests.Spiffe;

/// <summary>What is true of a process, and when nothing is said of it.</summary>
public sealed class AttestationTests
{
    private const string Container = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("0::/system.slice/billing.service\n", "billing.service")]
    [InlineData("12:cpu:/x\n0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service")]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/app.slice/billing.service\n", "user@1000.service")] // what a user's own manager names proves nothing
    [InlineData("0::/billing.service\n", null)]
    [InlineData("0::/../system.slice/billing.service\n", null)]
    [InlineData("0::/\n", null)]
    [InlineData("1:name=systemd:/system.slice/billing.service\n", null)]
    public void Systemd_ControlGroup_ItsManagersUnit(string text, string? unit) =>
        Assert.Equal(unit, ControlGroups.Parse(text) is { } group ? SystemdAttestor.UnitOf(group) : null);

    [Theory]
    [InlineData("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podf81d4fae_7dec_11d0_a765_00a0c91e6bf6.slice/cri-containerd-" + Container + ".scope", Container)]
    [InlineData("0::/kubepods/besteffort/podf81d4fae-7dec-11d0-a765-00a0c91e6bf6/" + Container, Container)]
    [InlineData("0::/kubepods/podf81d4fae-7dec-11d0-a765-00a0c91e6bf6", null)]
    public void Kubernetes_PodsControlGroup_PodAndContainer(string text, string? container) =>
        Assert.Equal(("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", container), KubernetesAttestor.Read(ControlGroups.Parse(text)!));

    [Theory]
    [InlineData("0::/system.slice/evil.service/kubepods/podf81d4fae-7dec-11d0-a765-00a0c91e6bf6/" + Container)]
    [InlineData("0::/kubepods/burstable/x/podf81d4fae-7dec-11d0-a765-00a0c91e6bf6")]
    [InlineData("0::/kubepods/podF81D4FAE-7dec-11d0-a765-00a0c91e6bf6")]
    public void Kubernetes_NamesThatAnybodyCanMake_NoPod(string text) => Assert.Null(KubernetesAttestor.Read(ControlGroups.Parse(text)!));

    [Fact]
    public void Status_EffectiveNumbersAndGroups()
    {
        var status = ProcessStatus.Parse("Name:\tx\\nUid:\t0\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n");

        Assert.Equal((2u, 6u), (status!.User, status.Group));
        Assert.Equal([9u, 10u], status.Groups);
    }

    [Fact]
    public async Task Peer_ProcessHasEnded_NothingIsTrueOfIt()
    {
        using var process = Process.Start(new ProcessStartInfo("sleep", "60"))!;
        using var peer = WorkloadPeer.Of(process.Id)!;
        Assert.NotNull(await WorkloadAttestors.All().AttestAsync(peer, [], TestContext.Current.CancellationToken));

        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.False(peer.IsThere);
        Assert.Null(await WorkloadAttestors.All().AttestAsync(peer, [], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Path_ProgramWasReplaced_IsNotSaid()
    {
        var folder = Directory.CreateTempSubdirectory("agentpki-exe-").FullName;
        var program = Path.Combine(folder, "program");
        File.Copy("/bin/sleep", program);
        using var process = Process.Start(new ProcessStartInfo(program, "60"))!;
        try
        {
            Assert.Contains(await SelectorsAsync(process, $"unix:path:{program}"), s => s == $"unix:path:{program}");

            // The same name, another file: as a container has, or somebody who put another program in its place.
            File.Move(program, program + ".old");
            File.Copy("/bin/sleep", program);

            Assert.DoesNotContain(await SelectorsAsync(process, $"unix:path:{program}"), s => s == $"unix:path:{program}");
        }
        finally
        {
            process.Kill();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<IEnumerable<string>> SelectorsAsync(Process process, string wanted)
    {
        using var peer = WorkloadPeer.Of(process.Id)!;
        return (await WorkloadAttestors.All().AttestAsync(peer, [Harness.WorkloadServer.Entry(selectors: wanted)], TestContext.Current.CancellationToken))!.Select(s => s.ToString());
    }
}
