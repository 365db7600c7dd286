using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Configuration;
using AgentPki.Pkcs11.Mechanisms;
using Microsoft.Extensions.Logging.Abstractions;
using Net.Pkcs11Interop.Common;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>One key in two tokens: wrapped by one for the other, between tokens of one kind and of two, and what must not happen.</summary>
[Collection("NSS")]
public sealed class KeyBackupTests(SoftHsmFixture softHsm, NssFixture nss)
{
    private const string Transport = "transport";
    private static int _labels;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("softhsm", "softhsm", "ecdsa-p256")]
    [InlineData("softhsm", "softhsm", "ecdsa-p384")]
    [InlineData("softhsm", "softhsm", "rsa-3072")]
    [InlineData("softhsm", "nss", "ecdsa-p384")]
    [InlineData("softhsm", "nss", "rsa-3072")]
    [InlineData("nss", "softhsm", "ecdsa-p256")]
    [InlineData("nss", "softhsm", "rsa-3072")]
    public async Task ImportKeyAsync_WrappedForThisToken_IsTheSameKeyAndSignsAfterReopening(string from, string to, string algorithm)
    {
        var (source, destination) = (Options(from, "backup-from"), Options(to, "backup-to"));
        var spec = Spec(algorithm);
        await using var first = await OpenAsync(source);
        await using var key = await first.GenerateAsync(spec, Cancel);
        TransportedKey? read;
        await using (var second = await OpenAsync(destination))
        {
            var transport = await second.OpenTransportKeyAsync(Transport, Cancel);
            Assert.Equal(transport, await second.OpenTransportKeyAsync(Transport, Cancel));
            var file = (await first.ExportKeyAsync(spec.Label, transport, Cancel)).Encode();
            Assert.True(TransportedKey.TryParse(file, out read, out _));
            await using var copy = await second.ImportKeyAsync(read, Transport, Digest(key.PublicKey), Cancel);
            Assert.Equal((spec.Label, spec.Purpose, key.PublicKey), (copy.Reference.Label, copy.Purpose, copy.PublicKey));
            var again = await Assert.ThrowsAsync<InvalidOperationException>(async () => await second.ImportKeyAsync(read, Transport, Digest(key.PublicKey), Cancel));
            Assert.Contains("exists already", again.Message, StringComparison.Ordinal);
        }

        await using var reopened = await OpenAsync(destination);
        await using var found = await reopened.OpenAsync(spec.Label, Cancel) ?? throw new InvalidOperationException("gone");
        Assert.Equal(key.PublicKey, found.PublicKey);
        var signature = await found.SignAsync(found.Algorithm.DefaultSignature, "by the copy"u8.ToArray(), Cancel);
        Assert.True(reopened.Verify(key.PublicKey, found.Algorithm.DefaultSignature, "by the copy"u8, signature));
        foreach (var options in (Pkcs11Options[])[source, destination])
        {
            Assert.True(TokenAdministration.ListKeys(options).Single(k => k.Label == spec.Label) is { Backup: KeyBackup.Wrapped, Sensitive: true, Extractable: true, NeverLeft: false, Purpose: "certificate-authority" });
            var left = TokenPeek.At(options, s => s.Find(AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_SECRET_KEY).With(CKA.CKA_TOKEN, false)).Count(o => s.ReadBool(o, CKA.CKA_WRAP) == true || s.ReadBool(o, CKA.CKA_UNWRAP) == true));
            Assert.Equal(0, left);
        }

        Assert.Equal(KeyBackup.Wrapped, TokenAdministration.DescribeKey(destination, spec.Label)!.Backup);
    }

    [Theory]
    [InlineData("ml-dsa-44")]
    [InlineData("ml-dsa-65")]
    public async Task ImportKeyAsync_RemovedAndRestoredInOneNssToken_SignsAgain(string algorithm)
    {
        await using var provider = await nss.OpenAsync();
        var spec = Spec(algorithm);
        await using var key = await provider.GenerateAsync(spec, Cancel);
        var file = await provider.ExportKeyAsync(spec.Label, await provider.OpenTransportKeyAsync(Transport, Cancel), Cancel);
        TokenAdministration.DestroyKey(nss.Options, spec.Label, Digest(key.PublicKey));
        Assert.Null(await provider.OpenAsync(spec.Label, Cancel));
        await using var restored = await provider.ImportKeyAsync(file, Transport, Digest(key.PublicKey), Cancel);
        Assert.Equal(key.PublicKey, restored.PublicKey);
    }

    [Fact]
    public async Task ExportKeyAsync_KeyWhoseCeremonyChoseOtherwise_NeverLeaves()
    {
        await using var provider = await OpenAsync(Options("softhsm", "backup-from"));
        var transport = await provider.OpenTransportKeyAsync(Transport, Cancel);
        foreach (var backup in (KeyBackup[])[KeyBackup.None, KeyBackup.TokenFiles])
        {
            var spec = Spec("ecdsa-p256") with { Backup = backup };
            await using var key = await provider.GenerateAsync(spec, Cancel);
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.ExportKeyAsync(spec.Label, transport, Cancel));
            Assert.Contains($"decided to be '{backup.ToText()}'", refused.Message, StringComparison.Ordinal);
            Assert.True(TokenAdministration.ListKeys(Options("softhsm", "backup-from")).Single(k => k.Label == spec.Label) is { NeverLeft: true } listed && listed.Backup == backup);
        }

        await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateAsync(Spec("ecdsa-p256") with { Backup = KeyBackup.CloningDomain }, Cancel));
        var edwards = await Assert.ThrowsAsync<NotSupportedException>(async () => await provider.GenerateAsync(Spec("ed25519"), Cancel));
        Assert.Contains("wraps no ed25519 keys", edwards.Message, StringComparison.Ordinal);
        await using var small = await provider.GenerateAsync(Spec("ecdsa-p256"), Cancel);
        await Assert.ThrowsAsync<ArgumentException>(async () => await provider.ExportKeyAsync(small.Reference.Label, small.PublicKey, Cancel));
        var other = await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.OpenTransportKeyAsync(small.Reference.Label, Cancel));
        Assert.Contains("name another for the transport", other.Message, StringComparison.Ordinal);
        Assert.Null(await provider.OpenAsync(Transport, Cancel));
    }

    [Fact]
    public async Task ImportKeyAsync_AnotherKeyTokenOrChangedFile_LeavesNothing()
    {
        var spec = Spec("ecdsa-p256");
        await using var first = await OpenAsync(Options("softhsm", "backup-from"));
        await using var second = await OpenAsync(Options("softhsm", "backup-to"));
        await using var key = await first.GenerateAsync(spec, Cancel);
        await using var stranger = await first.GenerateAsync(Spec("ecdsa-p256"), Cancel);
        var transport = await second.OpenTransportKeyAsync(Transport, Cancel);
        var file = await first.ExportKeyAsync(spec.Label, transport, Cancel);
        await RefusedAsync<InvalidOperationException>(file, stranger.PublicKey, "not " + Digest(stranger.PublicKey));
        // The other key's value under this one's name: it would sign, but as another.
        var swapped = await first.ExportKeyAsync(stranger.Reference.Label, transport, Cancel);
        await RefusedAsync<InvalidOperationException>(file with { WrappedKey = swapped.WrappedKey, WrappedPassingKey = swapped.WrappedPassingKey }, key.PublicKey, "does not sign as");
        await RefusedAsync<CryptographicException>(file with { WrappedKey = Changed(file.WrappedKey) }, key.PublicKey, "does not open in this token");
        await RefusedAsync<CryptographicException>(file with { WrappedPassingKey = Changed(file.WrappedPassingKey) }, key.PublicKey, "does not open in this token");
        await RefusedAsync<InvalidOperationException>(await first.ExportKeyAsync(spec.Label, await first.OpenTransportKeyAsync(Transport, Cancel), Cancel), key.PublicKey, "was not wrapped for");

        async Task RefusedAsync<T>(TransportedKey wrapped, PublicKey expected, string reason)
            where T : Exception
        {
            var error = await Assert.ThrowsAsync<T>(async () => await second.ImportKeyAsync(wrapped, Transport, Digest(expected), Cancel));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
            Assert.Null(TokenAdministration.DescribeKey(Options("softhsm", "backup-to"), spec.Label));
            Assert.True(second.IsHealthy);
        }
    }

    [Fact]
    public async Task Diagnostics_KeyThatMayLeaveWrapped_IsNamedAndNotAFault()
    {
        var options = Options("softhsm", "backup-doctor");
        await using var provider = await OpenAsync(options);
        await using var key = await provider.GenerateAsync(Spec("ecdsa-p256"), Cancel);
        var login = Assert.Single(await Pkcs11Diagnostics.RunAsync(options, TimeProvider.System, NullLoggerFactory.Instance, Cancel), s => s.Name == "login");
        Assert.True(login.Ok);
        Assert.Contains($"but those whose ceremony chose a wrapped backup ({key.Reference.Label})", login.Finding, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keyBackup: { methods: [posted] }", "'posted' is none of")]
    [InlineData("keyBackup: { methods: [none] }", "'none' is none of")]
    [InlineData("keyBackup: { methods: [wrapped] }", "has a mechanism and oaep")]
    [InlineData("keyBackup: { methods: [token-files], mechanism: CKM_AES_KEY_WRAP_PAD, oaep: { hash: CKM_SHA_1, mgf: CKG_MGF1_SHA1 } }", "no other method has")]
    public void Parse_BackupSectionOutOfOrder_SaysWhatWouldBeRight(string yaml, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => TokenDescriptionReader.Parse($"name: x\n{yaml}", "x")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("not json")]
    public void TryParse_NoWrappedKey_SaysSo(string json)
    {
        Assert.False(TransportedKey.TryParse(System.Text.Encoding.UTF8.GetBytes(json), out _, out var problem));
        Assert.NotEmpty(problem);
    }

    private Pkcs11Options Options(string token, string label) => token == "nss" ? nss.Options : softHsm.Token(label);

    private static ValueTask<Pkcs11Provider> OpenAsync(Pkcs11Options options) => SoftHsmFixture.OpenAsync(options);

    private static KeySpec Spec(string algorithm) =>
        new($"kept-{Environment.ProcessId}-{Interlocked.Increment(ref _labels)}", KeyAlgorithm.Find(algorithm)!, KeyPurpose.CertificateAuthority, KeyBackup.Wrapped);

    private static string Digest(PublicKey key) => Convert.ToHexStringLower(SHA256.HashData(key.SubjectPublicKeyInfo.Span));

    private static byte[] Changed(ReadOnlyMemory<byte> octets)
    {
        var changed = octets.ToArray();
        changed[^1] ^= 1;
        return changed;
    }
}
