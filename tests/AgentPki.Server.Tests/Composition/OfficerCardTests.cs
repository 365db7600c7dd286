using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Server.Tests.Composition;

/// <summary>Officers whose keys lie on cards: two of three open a sealed PIN with them, and sign.</summary>
public sealed class OfficerCardTests : IDisposable
{
    private static readonly CryptoProviders Software = new(new PlatformProvider(), new BouncyCastleProvider());
    private readonly TemporaryFolder _folder = new();
    private readonly List<PinInMemory> _pins = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _pins.ForEach(p => p.Dispose());
        _folder.Dispose();
    }

    [Fact]
    public async Task OpenAsync_TwoOfThreeCards_OpenASealedPinAndSign()
    {
        var cards = new Dictionary<string, Pkcs11Provider>();
        var officers = new List<Officer>();
        try
        {
            foreach (var name in (string[])["ada", "bob", "eve"])
            {
                cards[name] = await CardAsync(name);
                officers.Add(await OfficerCard.CreateAsync(cards[name], name, $"Officer {name}", null, Cancel));
            }

            Assert.All(officers, o => Assert.Equal((KeyAlgorithm.EcdsaP384, KeyAlgorithm.EcdsaP384), (o.SigningKey.Algorithm, o.ReceivingKey.Algorithm)));
            var twice = await Assert.ThrowsAsync<InvalidOperationException>(() => OfficerCard.CreateAsync(cards["ada"], "carl", "Carl", null, Cancel));
            Assert.Contains("a card of his own", twice.Message, StringComparison.Ordinal);

            var sealing = await SealedSecret.SealAsync("31415926"u8.ToArray(), "pin of the root's token", OfficerRoster.Of(2, officers), Software, Cancel);
            var shares = new List<OpenedShare>();
            foreach (var officer in officers.Take(2))
            {
                await using var key = await OfficerCard.OpenAsync(cards[officer.Name], officer, Cancel);
                var (share, problem) = await sealing.OpenShareAsync(key, Cancel);
                Assert.Null(problem);
                shares.Add(share!);
            }

            Assert.Equal("31415926"u8.ToArray(), sealing.Open(shares).Secret);
            var swapped = await Assert.ThrowsAsync<InvalidOperationException>(() => OfficerCard.OpenAsync(cards["eve"], officers[0], Cancel));
            Assert.Contains("not the card of ada", swapped.Message, StringComparison.Ordinal);
            var digest = Convert.ToHexStringLower(SHA256.HashData(officers[2].ReceivingKey.SubjectPublicKeyInfo.Span));
            TokenAdministration.DestroyKey(Options("eve"), OfficerCard.ReceivingLabel, digest);
            var lost = await Assert.ThrowsAsync<InvalidOperationException>(() => OfficerCard.OpenAsync(cards["eve"], officers[2], Cancel));
            Assert.Contains("deleted, or replaced", lost.Message, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var card in cards.Values)
            {
                await card.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task OpenAsync_AnEmptyToken_IsNoOfficersCard()
    {
        await using var card = await CardAsync("empty");
        var (_, officer) = await OfficerKeyFile.CreateAsync("ada", "Ada", KeyAlgorithm.EcdsaP256, "a long passphrase"u8.ToArray(), Software, Cancel);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => OfficerCard.OpenAsync(card, officer, Cancel));
        Assert.Contains("no officer's card", error.Message, StringComparison.Ordinal);
    }

    private async Task<Pkcs11Provider> CardAsync(string label)
    {
        using var officerPin = PinInMemory.Holding("87654321"u8);
        var options = Options(label);
        TokenAdministration.Initialize(options, officerPin);
        return await Pkcs11Provider.OpenAsync(options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, Cancel);
    }

    private Pkcs11Options Options(string label)
    {
        // Its own copy of the module: another test's SoftHSM in this process lives in another home.
        var module = _folder.File("libsofthsm2.so");
        if (!File.Exists(module))
        {
            File.Copy(TokenDescription.Shipped("softhsm").FindModule()!, module);
        }

        var pin = PinInMemory.Holding("12345678"u8);
        _pins.Add(pin);
        return TokenAccess.OptionsOf(_folder.File("cards"), new TokenOptions("card", "softhsm", module, label, PinOrigin.File, "", "", 0, TimeSpan.FromSeconds(10)), pin);
    }
}
