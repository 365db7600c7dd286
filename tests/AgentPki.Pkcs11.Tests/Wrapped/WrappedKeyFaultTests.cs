using System.Text;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Wrapped;
using CsCheck;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Wrapped;

/// <summary>What happens to files, and what is made of it: swapped, changed, cut off, renamed, deleted, left over by a crash, made twice at once.</summary>
public sealed class WrappedKeyFaultTests : WrappedFolderFixture
{
    [Fact]
    public async Task OpenAsync_SwappedFiles_IsRefused()
    {
        await MakeAsync("first");
        await MakeAsync("second");
        var (first, second) = (File.ReadAllBytes(FileOf("first")), File.ReadAllBytes(FileOf("second")));
        File.WriteAllBytes(FileOf("first"), second);
        Assert.Contains("stands in the place of 'first'", await RefusalAsync("first"));

        // The secret of one in the metadata of the other.
        File.WriteAllBytes(FileOf("first"), (Parse(first) with { WrappedSecret = Parse(second).WrappedSecret }).Encode());
        Assert.Contains("was changed, or is another key's secret", await RefusalAsync("first"));

        // The public key of one with the secret of the other.
        File.WriteAllBytes(FileOf("first"), (Parse(first) with { PublicKey = Parse(second).PublicKey }).Encode());
        Assert.Contains("was changed, or is another key's secret", await RefusalAsync("first"));
        await using var untouched = await Provider.OpenAsync("second", default);
        Assert.NotNull(untouched);
    }

    [Fact]
    public async Task OpenAsync_MetadataChanged_IsRefused()
    {
        await MakeAsync("first", KeyPurpose.Probe);
        var file = Parse(File.ReadAllBytes(FileOf("first")));
        foreach (var changed in (WrappedKeyFile[])
        [
            file with { Purpose = KeyPurpose.CertificateAuthority },
            file with { WrappedBy = file.WrappedBy + "!" },
        ])
        {
            File.WriteAllBytes(FileOf("first"), changed.Encode());
            Assert.Contains("first", await RefusalAsync("first"));
        }

        // Under another name, and saying so.
        File.WriteAllBytes(FileOf("second"), (file with { Reference = file.Reference with { Label = "second" } }).Encode());
        Assert.Contains("was changed", await RefusalAsync("second"));
    }

    [Fact]
    public async Task OpenAsync_OtherTokensKey_IsRefusedByName()
    {
        await MakeAsync("first");
        var error = await Assert.ThrowsAsync<WrappedKeyException>(async () => await With(new FakeWrapper("another")).OpenAsync("first", default));
        Assert.Contains("was wrapped by fake and does not open with another. Bring back that token.", error.Message);
        error = await Assert.ThrowsAsync<WrappedKeyException>(async () => await With(new FakeWrapper()).OpenAsync("first", default));
        Assert.Contains("wrapping key was made anew", error.Message);
    }

    [Fact]
    public async Task OpenAsync_FileCutOffOrExtended_IsRefused()
    {
        await MakeAsync("first");
        var good = File.ReadAllBytes(FileOf("first"));
        foreach (var length in Enumerable.Range(0, 120).Concat(Enumerable.Range(good.Length - 70, 70)))
        {
            File.WriteAllBytes(FileOf("first"), good[..length]);
            await RefusalAsync("first");
        }

        foreach (var longer in (byte[][])[[.. good, 0], new byte[WrappedKeyFile.LongestFile + 1]])
        {
            File.WriteAllBytes(FileOf("first"), longer);
            await RefusalAsync("first");
        }
    }

    [Fact]
    public async Task OpenAsync_AnyOctetChanged_IsRefused()
    {
        await MakeAsync("first");
        var good = File.ReadAllBytes(FileOf("first"));
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(FileOf("first"), bad);
            await RefusalAsync("first");
        }
    }

    [Fact]
    public void TryParse_AnyOctets_NeverThrowsAndIsCanonical() =>
        Gen.Byte.Array[0, 200].Sample(octets =>
        {
            byte[] file = [.. "AGENTPKI-WRAPPED"u8, 1, .. octets];
            return WrappedKeyFile.TryParse(file, out _) is not { } parsed || parsed.Encode().AsSpan().SequenceEqual(file);
        });

    [Fact]
    public async Task GenerateAsync_ManyAtOnceOfOneLabel_MakesExactlyOne()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            try
            {
                return (await MakeAsync("same")).PublicKey;
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        })));
        await using var key = await Provider.OpenAsync("same", default);
        Assert.Equal([key!.PublicKey], made.OfType<PublicKey>());
        Assert.Equal([FileOf("same")], Directory.GetFiles(Path.GetDirectoryName(FileOf("same"))!));
    }

    [Fact]
    public async Task GenerateAsync_TokenFailsOrCallerGone_LeavesNothing()
    {
        Wrapper.Failure = new KeyUnavailableException("The token is away.", TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<KeyUnavailableException>(() => MakeAsync("first"));
        Assert.Empty(Directory.GetFiles(Path.Combine(Folder, "keys")));
        Assert.Null(await Provider.OpenAsync("first", default));
        Wrapper.Failure = null;
        await using var key = await MakeAsync("first");
    }

    [Fact]
    public async Task GenerateAsync_FolderCannotBeMade_SaysSo()
    {
        File.WriteAllText(Path.Combine(Folder, "keys"), "a file in the folder's place");
        var error = await Assert.ThrowsAsync<WrappedKeyException>(() => MakeAsync("first"));
        Assert.Contains("No key can be kept in the folder", error.Message);
    }

    [Fact]
    public async Task GenerateAsync_LeftoverOfACrash_IsNoKeyAndInNobodysWay()
    {
        await MakeAsync("other");
        // Killed between the key's making and the file's: an unfinished file beside the place.
        File.WriteAllBytes(FileOf("first") + ".new", File.ReadAllBytes(FileOf("other"))[..100]);
        File.SetUnixFileMode(FileOf("first") + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Null(await Provider.OpenAsync("first", default));
        await using var made = await MakeAsync("first");
        await using var opened = await Provider.OpenAsync("first", default);
        Assert.Equal(made.PublicKey, opened?.PublicKey);
        Assert.False(File.Exists(FileOf("first") + ".new"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FileOf("first")));
    }

    [Fact]
    public async Task OpenAsync_DeletedOrRenamed_IsAbsentOrRefused()
    {
        await using var key = await MakeAsync("first");
        File.Move(FileOf("first"), FileOf("renamed"));
        Assert.Null(await Provider.OpenAsync("first", default));
        Assert.Contains("Give each file its own name back", await RefusalAsync("renamed"));
        File.Delete(FileOf("renamed"));
        Assert.Null(await Provider.OpenAsync("renamed", default));

        // Who opened it before goes on.
        await key.SignAsync(KeyAlgorithm.MlDsa44.DefaultSignature, Message, default);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("%2E%2E")]
    [InlineData(".hidden")]
    [InlineData("A.key")]
    [InlineData("~\\'\"*?")]
    public async Task GenerateAsync_AwkwardLabel_HasAFileOfItsOwnInTheFolder(string label)
    {
        await using var made = await MakeAsync(label);
        await using var opened = await Provider.OpenAsync(label, default);
        Assert.Equal(made.PublicKey, opened?.PublicKey);
        Assert.Single(Directory.GetFiles(Folder, "*", SearchOption.AllDirectories));
        Assert.StartsWith(Path.Combine(Folder, "keys"), Directory.GetFiles(Folder, "*", SearchOption.AllDirectories)[0]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(Folder, "keys")));
    }

    [Fact]
    public async Task Encode_File_HoldsNoSecretInTheClear()
    {
        byte[] seed = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
        var provider = new TokenWrappedProvider(Wrapper, new Cryptography.Providers.Platform.PlatformProvider(), new() { Folder = Path.Combine(Folder, "keys") }, Clock) { Seed = m => seed.CopyTo(m.Span) };
        await using var key = await provider.GenerateAsync(new("known", KeyAlgorithm.MlDsa65, KeyPurpose.Probe), default);
        Assert.Equal(-1, File.ReadAllBytes(FileOf("known")).AsSpan().IndexOf(seed.AsSpan(0, 8)));
        Assert.Contains("ml-dsa-65", Encoding.ASCII.GetString(File.ReadAllBytes(FileOf("known"))));
    }

    private static WrappedKeyFile Parse(byte[] file) => WrappedKeyFile.TryParse(file, out _)!;

    private async Task<string> RefusalAsync(string label) => (await Assert.ThrowsAsync<WrappedKeyException>(async () => await Provider.OpenAsync(label, default))).Message;
}
