using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mirrored;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>One key in two tokens: the second signs while the first is away, and only the same key.</summary>
public sealed class MirroredProviderTests(FaultyModule module, SpareToken spare) : FaultTestBase(module), IClassFixture<SpareToken>
{
    private readonly string _label = $"issuing-{Guid.NewGuid():n}"[..20];
    private readonly RecordingLogger _log = new();

    [Fact]
    public async Task SignAsync_FirstTokenFails_SecondSignsUntilItIsBackAndEachChangeIsSaidOnce()
    {
        var changes = new ConcurrentQueue<string>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == "agentpki.pkcs11.mirror.changes") { l.EnableMeasurementEvents(i); } } };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => changes.Enqueue(string.Join(' ', tags.ToArray().Select(t => t.Value))));
        listener.Start();
        var (first, second, mirrored) = await MirroredAsync();
        await using var key = await OpenAsync(mirrored);
        await AssertSigns(key);
        Assert.Equal(0, mirrored.KeysOnSecond);
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => AssertSigns(key)));

        Assert.False(first.IsHealthy);
        Assert.True(second.IsHealthy);
        Assert.Equal(1, mirrored.KeysOnSecond);
        Module.Reset();
        await IsBackAsync(first, key);
        Assert.Equal(0, mirrored.KeysOnSecond);
        Assert.Equal([2090, 2091], _log.Events);
        Assert.Equal(["faulty second", "faulty first"], changes);
    }

    [Fact]
    public async Task SignAsync_FirstTokenHangs_CallerGetsTheSecondsSignature()
    {
        var (_, _, mirrored) = await MirroredAsync(deadline: 0.3);
        await using var key = await OpenAsync(mirrored);
        Module.Hang("C_Sign");
        await AssertSigns(key);
        await AssertSigns(key);
        Assert.Equal([2090], _log.Events);
        Module.Reset();
    }

    [Fact, Trait("tier", "full")]
    public async Task SignAsync_SecondFailsWhileTheFirstIsBack_FirstSignsBeforeItsTime()
    {
        // The faulty one is the second here.
        var (whole, faulty, mirrored) = await MirroredAsync(faultySecond: true);
        await using var key = (MirroredSigningKey)await OpenAsync(mirrored);
        key.TakeSecond(new KeyUnavailableException("said so by a test", TimeSpan.FromHours(1)));
        var signed = Module.Count("C_Sign");
        await AssertSigns(key);
        Assert.Equal(signed + 1, Module.Count("C_Sign"));
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        await AssertSigns(key);
        Assert.Equal(0, mirrored.KeysOnSecond);
        Assert.True(whole.IsHealthy);
        Assert.False(faulty.IsHealthy);
    }

    [Fact]
    public async Task SignAsync_CallersError_IsNotTakenToTheSecond()
    {
        var (_, _, mirrored) = await MirroredAsync();
        await using var key = await OpenAsync(mirrored);
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await key.SignAsync(SignatureAlgorithm.Ed25519, Message, Cancel));
        Module.Fail("C_Sign", 0x20); // CKR_DATA_INVALID
        await Assert.ThrowsAsync<TokenCallException>(async () => await key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, new CancellationToken(canceled: true)));
        Assert.Empty(_log.Events);
        Assert.Equal(0, mirrored.KeysOnSecond);
    }

    [Fact]
    public async Task OpenAsync_FirstTokenIsAway_OpensInTheSecondAndTakesTheFirstWhenItComes()
    {
        var (first, _, mirrored) = await MirroredAsync();
        Module.Fail("C_FindObjectsInit", FaultyModule.DeviceError);
        await using var key = await OpenAsync(mirrored);
        Assert.Equal(mirrored.Name, key.Reference.Provider);
        await AssertSigns(key);
        Assert.Equal(1, mirrored.KeysOnSecond);
        Module.Reset();
        await IsBackAsync(first, key);
    }

    [Fact]
    public async Task OpenAsync_AnotherKeyUnderTheLabel_IsRefusedOrNotUsed()
    {
        var (first, second, mirrored) = await MirroredAsync();
        await using (await first.GenerateAsync(new($"other{_label}", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel))
        await using (await second.GenerateAsync(new($"other{_label}", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel))
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await mirrored.OpenAsync($"other{_label}", Cancel));
            Assert.Contains("different keys under the label 'other", error.Message, StringComparison.Ordinal);
        }

        // Where it turns out only when the first comes back, the first is not used.
        Module.Fail("C_FindObjectsInit", FaultyModule.DeviceError);
        await using var key = await mirrored.OpenAsync($"other{_label}", Cancel) ?? throw new InvalidOperationException("gone");
        Module.Reset();
        await Eventually.True(() => first.IsHealthy, "the first token is found again");
        await Eventually.True(() => Signed(key) && _log.Events.Contains(2093), "the first is tried");
        Assert.Equal(1, mirrored.KeysOnSecond);
    }

    [Fact]
    public async Task OpenAsync_HelpersKeys_AreEachTokensOwn()
    {
        var (first, second, mirrored) = await MirroredAsync();
        await using var one = await first.GenerateAsync(new($"ocsp{_label}", KeyAlgorithm.EcdsaP256, KeyPurpose.OcspResponder), Cancel);
        await using var other = await second.GenerateAsync(new($"ocsp{_label}", KeyAlgorithm.EcdsaP256, KeyPurpose.OcspResponder), Cancel);
        await using var opened = await mirrored.OpenAsync($"ocsp{_label}", Cancel);
        Assert.Equal(one.PublicKey, opened?.PublicKey);
        Module.Fail("C_FindObjectsInit", FaultyModule.DeviceError);
        await Assert.ThrowsAsync<KeyUnavailableException>(async () => await mirrored.OpenAsync($"ocsp{_label}", Cancel));
    }

    [Fact]
    public async Task SignAsync_KeyThatTheSecondLacks_IsUnavailableWithTheFirst()
    {
        var (first, _, mirrored) = await MirroredAsync();
        await using (await first.GenerateAsync(new("alone", KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority), Cancel))
        {
        }

        await using var key = await mirrored.OpenAsync("alone", Cancel) ?? throw new InvalidOperationException("gone");
        Assert.Equal([2092], _log.Events);
        Assert.Null(await mirrored.OpenAsync("nowhere", Cancel));
        await AssertSigns(key);
        Module.Fail("C_SignInit", FaultyModule.DeviceError);
        await AssertUnavailable(key);
    }

    [Fact]
    public async Task Wrapper_FirstTokenIsAway_SecondWrapsAndWhatItWrappedOpensLater()
    {
        var (first, second, _) = await MirroredAsync();
        var wrapper = new MirroredKeyWrapper(first, second, "wrap");
        await wrapper.OpenAsync(Cancel);
        var (binding, secret) = ("tls"u8.ToArray(), "a secret"u8.ToArray());
        var before = await wrapper.WrapAsync(secret, binding, Cancel);
        Module.Fail("C_EncryptInit", FaultyModule.DeviceError);
        Module.Fail("C_DecryptInit", FaultyModule.DeviceError);
        var meanwhile = await wrapper.WrapAsync(secret, binding, Cancel);
        Assert.Equal(secret, await wrapper.UnwrapAsync(meanwhile, binding, Cancel));
        await Assert.ThrowsAsync<KeyUnavailableException>(async () => await wrapper.UnwrapAsync(before, binding, Cancel));
        Module.Reset();
        await Eventually.True(() => first.IsHealthy, "the first token is found again");
        Assert.Equal(secret, await wrapper.UnwrapAsync(before, binding, Cancel));
        Assert.Equal(secret, await wrapper.UnwrapAsync(meanwhile, binding, Cancel));
        await Assert.ThrowsAsync<CryptographicException>(async () => await wrapper.UnwrapAsync(meanwhile, "other"u8.ToArray(), Cancel));
    }

    private async Task<ISigningKey> OpenAsync(MirroredProvider mirrored) => await mirrored.OpenAsync(_label, Cancel) ?? throw new InvalidOperationException("gone");

    private static bool Signed(ISigningKey key)
    {
        AssertSigns(key).GetAwaiter().GetResult();
        return true;
    }

    private async Task IsBackAsync(Pkcs11Provider first, ISigningKey key)
    {
        await Eventually.True(() => first.IsHealthy, "the first token is found again");
        var signed = Module.Count("C_Sign");
        await Eventually.True(() => Signed(key) && Module.Count("C_Sign") > signed, "the first signs again");
        await AssertSigns(key);
        Assert.Equal(signed + 2, Module.Count("C_Sign"));
    }

    private async Task<(Pkcs11Provider First, Pkcs11Provider Second, MirroredProvider Both)> MirroredAsync(double deadline = 5, bool faultySecond = false)
    {
        var faulty = await OpenAsync(Module.Token(deadline: deadline) with { BreakerFailures = 1 });
        var whole = spare.Provider;
        var (first, second) = faultySecond ? (whole, faulty) : (faulty, whole);
        await using var key = await first.GenerateAsync(new(_label, KeyAlgorithm.EcdsaP256, KeyPurpose.CertificateAuthority, KeyBackup.Wrapped), Cancel);
        var wrapped = await first.ExportKeyAsync(_label, await second.OpenTransportKeyAsync(SpareToken.Transport, Cancel), Cancel);
        await using var copy = await second.ImportKeyAsync(wrapped, SpareToken.Transport, Convert.ToHexString(SHA256.HashData(key.PublicKey.SubjectPublicKeyInfo.Span)), Cancel);
        return (first, second, new MirroredProvider(first, second, TimeProvider.System, _log));
    }

    private sealed class RecordingLogger : ILogger
    {
        private readonly ConcurrentQueue<int> _events = new();

        public IReadOnlyList<int> Events => [.. _events];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _events.Enqueue(eventId.Id);
    }
}

/// <summary>A token without faults, with the transport key that takes a while to make.</summary>
public sealed class SpareToken(SoftHsmFixture softHsm) : IAsyncLifetime
{
    public const string Transport = "transport";

    public Pkcs11Provider Provider { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Provider = await FaultyModule.OpenAsync(softHsm.Token("spare"));
        await Provider.OpenTransportKeyAsync(Transport, default);
    }

    public ValueTask DisposeAsync() => Provider.DisposeAsync();
}
